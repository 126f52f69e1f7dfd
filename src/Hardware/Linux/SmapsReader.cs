namespace P2PMiner.Hardware.Linux;

/// <summary>What /proc/self/smaps tells of mappings: huge pages, and files (proc_pid_smaps(5)).</summary>
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

    /// <summary>The mappings of files that cannot be written and have no page that is not the file's.</summary>
    public static HashSet<FileMapping> CleanFiles(TextReader lines)
    {
        HashSet<FileMapping> clean = [];
        FileMapping? last = null;
        while (lines.ReadLine() is { } line)
        {
            if (MapsLine.TryParse(line, out MapsLine mapping))
                last = IsUnwritableFile(mapping) ? new FileMapping(mapping.Start, mapping.End, mapping.Permissions, mapping.Inode, mapping.Name) : null;
            else if (last is FileMapping file && Kilobytes(line, "Anonymous:") == 0)
                clean.Add(file);
        }
        return clean;
    }

    // Memory that has no file behind it but a name is called a path too.
    private static bool IsUnwritableFile(MapsLine mapping) =>
        mapping.Inode != 0 && mapping.Permissions[1] != 'w' && mapping.Name.StartsWith('/')
        && !mapping.Name.StartsWith("/memfd:", StringComparison.Ordinal) && !mapping.Name.StartsWith("/dev/", StringComparison.Ordinal);

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
