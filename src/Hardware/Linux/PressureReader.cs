using System.Globalization;

namespace P2PMiner.Hardware.Linux;

/// <summary>
/// How much of the time tasks wait for memory: /proc/pressure/memory of the machine, memory.pressure of the process's cgroups (Linux
/// Documentation/accounting/psi.rst). Unlike available memory it tells when pages that count as reclaimable are wanted again at once.
/// </summary>
internal static class PressureReader
{
    private const string Line = "some ";
    private const string Field = " avg10=";

    /// <summary>The greatest of them, in percent; null where the kernel does not tell.</summary>
    public static double? Read(SystemTree tree)
    {
        double? most = ParseSome(tree.ReadText("/proc/pressure/memory"));
        foreach (string folder in CgroupPaths.Find(tree).Unified)
        {
            if (ParseSome(tree.ReadText($"{folder}/memory.pressure")) is double here && !(here < most))
                most = here;
        }
        return most;
    }

    /// <summary>The time, of the last ten seconds, in which at least one task waited; null for anything that is not 0 to 100.</summary>
    internal static double? ParseSome(string? text)
    {
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            int at = line.IndexOf(Field, StringComparison.Ordinal);
            if (at < 0 || !line.StartsWith(Line, StringComparison.Ordinal))
                continue;
            ReadOnlySpan<char> value = line[(at + Field.Length)..];
            int end = value.IndexOf(' ');
            return double.TryParse(end < 0 ? value : value[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent)
                && percent is >= 0 and <= 100 ? percent : null;
        }
        return null;
    }
}
