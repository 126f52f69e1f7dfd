namespace P2PMiner.Hardware.Linux;

/// <summary>Adds up huge pages over the mappings of /proc/self/smaps (proc_pid_smaps(5)).</summary>
internal static class SmapsReader
{
    private const long KiB = 1024;
    private const long SmallestHugePageKilobytes = 2048;

    /// <summary>Counts what overlaps <paramref name="address"/> and the <paramref name="length"/> bytes from there.</summary>
    public static PageBacking Sum(TextReader lines, nuint address, nuint length)
    {
        long reserved = 0;
        long transparent = 0;
        long overlap = 0;
        while (lines.ReadLine() is { } line)
        {
            if (MapsLine.TryParse(line, out MapsLine mapping))
                overlap = Overlap(mapping, address, length);
            else if (overlap > 0 && Kilobytes(line, "KernelPageSize:") >= SmallestHugePageKilobytes)
                reserved += overlap;
            else if (overlap > 0 && Kilobytes(line, "AnonHugePages:") is { } anonymous)
                transparent += Math.Min(overlap, Math.Min(anonymous, long.MaxValue / KiB) * KiB);
        }
        return new PageBacking(reserved, transparent);
    }

    private static long Overlap(MapsLine mapping, nuint address, nuint length)
    {
        nuint end = length > nuint.MaxValue - address ? nuint.MaxValue : address + length;
        nuint from = Math.Max(mapping.Start, address);
        nuint to = Math.Min(mapping.End, end);
        return from < to ? (long)Math.Min((ulong)(to - from), long.MaxValue) : 0;
    }

    private static long? Kilobytes(string line, string key) =>
        line.StartsWith(key, StringComparison.Ordinal) && line.EndsWith(" kB", StringComparison.Ordinal)
            ? SystemTree.ParseNumber(line[key.Length..^3].Trim())
            : null;
}
