namespace P2PMiner.Hardware.Linux;

/// <summary>Caches from /sys/devices/system/cpu/cpu*/cache (Linux Documentation/ABI/testing/sysfs-devices-system-cpu).</summary>
internal static class CacheReader
{
    /// <summary>Far above any cache there is; larger values are damage.</summary>
    private const long MaxBytes = 1L << 36;

    /// <summary>From this level on caches are shared beyond one core, so a missing list means the whole package.</summary>
    private const int FirstSharedLevel = 3;

    private const int MaxLevel = 8;

    public static IReadOnlyList<CacheInfo> Read(SystemTree tree, IReadOnlyList<LogicalCpu> cpus)
    {
        Dictionary<(int Level, CacheType Type, int FirstCpu), CacheInfo> found = [];
        HashSet<(int Level, CacheType Type, int Cpu)> covered = [];
        bool damaged = false;
        foreach (LogicalCpu cpu in cpus)
        {
            string folder = $"/sys/devices/system/cpu/cpu{cpu.Id}/cache";
            foreach (int index in tree.NumberedFolders(folder, "index"))
            {
                CacheInfo? cache = ReadOne(tree, $"{folder}/index{index}", cpu, cpus, out bool complete);
                damaged |= !complete;
                if (cache is null || covered.Contains((cache.Level, cache.Type, cpu.Id)))
                    continue;
                found.TryAdd((cache.Level, cache.Type, cache.Cpus[0]), cache);
                foreach (int sharer in cache.Cpus)
                    covered.Add((cache.Level, cache.Type, sharer));
            }
        }
        if (found.Count == 0)
            tree.Note("cache sizes are unknown (/sys/devices/system/cpu/cpu*/cache)");
        else if (damaged)
            tree.Note("some caches are incompletely described (/sys/devices/system/cpu/cpu*/cache)");
        return [.. found.Values.OrderBy(cache => cache.Level).ThenBy(cache => cache.Type).ThenBy(cache => cache.Cpus[0])];
    }

    /// <summary>Null when level, type or size is missing: such a cache cannot be counted.</summary>
    private static CacheInfo? ReadOne(SystemTree tree, string folder, LogicalCpu cpu, IReadOnlyList<LogicalCpu> cpus, out bool complete)
    {
        long? level = tree.ReadNumber($"{folder}/level");
        long? bytes = ParseSize(tree.ReadText($"{folder}/size"));
        IReadOnlyList<int>? shared = tree.ReadCpuList($"{folder}/shared_cpu_list");
        complete = false;
        if (level is not (>= 1 and <= MaxLevel) || bytes is null
            || !Enum.TryParse(tree.ReadText($"{folder}/type"), out CacheType type) || !Enum.IsDefined(type))
            return null;
        complete = shared is not null && shared.Contains(cpu.Id);
        int[] sharers = complete
            ? [.. cpus.Select(other => other.Id).Intersect(shared!)]
            : [.. cpus.Where(other => level >= FirstSharedLevel ? other.Package == cpu.Package : other.Core == cpu.Core)
                .Select(other => other.Id)];
        return new CacheInfo((int)level, type, bytes.Value, sharers);
    }

    /// <summary>The kernel writes "32768K".</summary>
    private static long? ParseSize(string? text)
    {
        if (text is null || !text.EndsWith('K'))
            return null;
        long? kilobytes = SystemTree.ParseNumber(text[..^1]);
        return kilobytes is > 0 and <= MaxBytes / 1024 ? kilobytes * 1024 : null;
    }
}
