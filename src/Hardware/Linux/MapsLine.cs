using System.Globalization;

namespace P2PMiner.Hardware.Linux;

/// <summary>
/// The head of a mapping in /proc/self/maps and smaps, "start-end perms offset device inode path" (proc_pid_maps(5)).
/// </summary>
/// <param name="Start">First address.</param>
/// <param name="End">First address behind it.</param>
/// <param name="Permissions">Four letters: r, w, x or -, then p for private or s for shared.</param>
/// <param name="Inode">0 for memory without a file.</param>
/// <param name="Name">Path, a name in brackets or nothing.</param>
internal readonly record struct MapsLine(nuint Start, nuint End, string Permissions, long Inode, string Name)
{
    private const int Fields = 5;

    /// <summary>False for anything that is not such a line, for example the details in smaps.</summary>
    public static bool TryParse(string line, out MapsLine mapping)
    {
        mapping = default;
        string[] parts = line.Split(' ', Fields + 1, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < Fields || parts[1].Length != 4 || parts[0].IndexOf('-') is not (> 0 and int dash))
            return false;
        if (!TryHex(parts[0].AsSpan(0, dash), out nuint start) || !TryHex(parts[0].AsSpan(dash + 1), out nuint end) || start >= end)
            return false;
        if (SystemTree.ParseNumber(parts[4]) is not { } inode)
            return false;
        mapping = new MapsLine(start, end, parts[1], inode, parts.Length > Fields ? parts[Fields].Trim() : "");
        return true;
    }

    private static bool TryHex(ReadOnlySpan<char> text, out nuint value) =>
        nuint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
