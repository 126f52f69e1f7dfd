using System.Globalization;

namespace P2PMiner.Hardware.Linux;

/// <summary>
/// The kernel's list format for CPUs and nodes, "0-3,8,10-11" (Linux Documentation/core-api/kernel-api.rst, bitmap_parselist).
/// </summary>
internal static class CpuList
{
    /// <summary>CPU ids are below this, the largest CONFIG_NR_CPUS of x86.</summary>
    public const int MaxCpus = 8192;

    /// <summary>Ascending ids without doubles, at least one. False for an empty list and anything malformed.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out int[] cpus)
    {
        cpus = [];
        bool[] found = new bool[MaxCpus];
        foreach (Range part in text.Split(','))
        {
            if (!TryParseRange(text[part].Trim(), out int first, out int last))
                return false;
            found.AsSpan(first, last - first + 1).Fill(true);
        }
        cpus = [.. Enumerable.Range(0, MaxCpus).Where(cpu => found[cpu])];
        return true;
    }

    private static bool TryParseRange(ReadOnlySpan<char> text, out int first, out int last)
    {
        int dash = text.IndexOf('-');
        ReadOnlySpan<char> low = dash < 0 ? text : text[..dash];
        ReadOnlySpan<char> high = dash < 0 ? text : text[(dash + 1)..];
        last = -1;
        return int.TryParse(low, NumberStyles.None, CultureInfo.InvariantCulture, out first)
            && int.TryParse(high, NumberStyles.None, CultureInfo.InvariantCulture, out last)
            && first <= last
            && last < MaxCpus;
    }
}
