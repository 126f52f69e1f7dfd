namespace P2PMiner.Hardware.Linux;

/// <summary>Lines of a key and a value, as in /proc/cpuinfo, /proc/meminfo and memory.stat.</summary>
internal static class KeyValueText
{
    private const long KiB = 1024;

    /// <summary>The first value of each key; lines without <paramref name="separator"/> are skipped.</summary>
    public static Dictionary<string, string> Parse(string? text, char separator)
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        if (text is null)
            return values;
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            int at = line.IndexOf(separator);
            if (at > 0)
                values.TryAdd(line[..at].Trim().ToString(), line[(at + 1)..].Trim().ToString());
        }
        return values;
    }

    /// <summary>The bytes of a value such as "2048 kB" (the kernel's kB is 1024 bytes); null when it is not one.</summary>
    public static long? Kilobytes(Dictionary<string, string> values, string key)
    {
        if (!values.TryGetValue(key, out string? value) || !value.EndsWith(" kB", StringComparison.Ordinal))
            return null;
        long? number = SystemTree.ParseNumber(value[..^3].Trim());
        return number <= long.MaxValue / KiB ? number * KiB : null;
    }
}
