namespace P2PMiner.Hardware.Linux;

/// <summary>
/// Limits of the process's cgroups, v1 and v2, alone or mixed (Linux Documentation/admin-guide/cgroup-v2.rst and
/// cgroup-v1/{memory,cpusets}.rst, Documentation/scheduler/sched-bwc.rst). A limit anywhere on the way up to the root binds.
/// </summary>
internal static class CgroupReader
{
    /// <summary>v1 writes "no limit" as the largest page-aligned long; no machine has this much.</summary>
    private const long UnlimitedBytes = 1L << 60;

    private static readonly (string[] Limits, string Usage) UnifiedMemory = (["memory.max", "memory.high"], "memory.current");
    private static readonly (string[] Limits, string Usage) LegacyMemory = (["memory.limit_in_bytes"], "memory.usage_in_bytes");

    public static CgroupLimits Read(SystemTree tree)
    {
        CgroupPaths paths = CgroupPaths.Find(tree);
        long? limit = null;
        long? available = null;
        double? quota = null;
        foreach (string folder in paths.Unified)
        {
            TakeMemory(tree, folder, UnifiedMemory, "inactive_file", ref limit, ref available);
            quota = Least(quota, UnifiedQuota(tree.ReadText($"{folder}/cpu.max")));
        }
        foreach (string folder in paths.Memory)
            TakeMemory(tree, folder, LegacyMemory, "total_inactive_file", ref limit, ref available);
        foreach (string folder in paths.Cpu)
            quota = Least(quota, LegacyQuota(tree, folder));
        return new CgroupLimits(limit, available, quota, Cpuset(tree, paths));
    }

    private static void TakeMemory(
        SystemTree tree, string folder, (string[] Limits, string Usage) files, string reclaimableKey, ref long? limit, ref long? available)
    {
        long? here = files.Limits.Select(file => MemoryLimit(tree, $"{folder}/{file}")).Min();
        if (here is null)
            return;
        long? used = tree.ReadNumber($"{folder}/{files.Usage}");
        if (used is null)
            tree.Note($"the use of the cgroup's memory limit is unknown ({folder}/{files.Usage}): it counts as unused");
        Dictionary<string, string> statistics = KeyValueText.Parse(tree.ReadText($"{folder}/memory.stat"), ' ');
        long reclaimable = SystemTree.ParseNumber(statistics.GetValueOrDefault(reclaimableKey)) ?? 0;
        long kept = Math.Max(0, (used ?? 0) - reclaimable);
        limit = Math.Min(limit ?? long.MaxValue, here.Value);
        available = Math.Min(available ?? long.MaxValue, Math.Max(0, here.Value - kept));
    }

    private static long? MemoryLimit(SystemTree tree, string file)
    {
        string? text = tree.ReadText(file);
        if (text is null or "max")
            return null;
        long? bytes = SystemTree.ParseNumber(text);
        if (bytes is null)
            tree.Note($"a cgroup memory limit is unreadable ({file}) and does not count");
        return bytes < UnlimitedBytes ? bytes : null;
    }

    /// <summary>"max 100000" or "50000 100000": microseconds per period of microseconds.</summary>
    private static double? UnifiedQuota(string? text) =>
        text?.Split(' ') is [string quota, string period]
            ? Ratio(SystemTree.ParseNumber(quota), SystemTree.ParseNumber(period))
            : null;

    /// <summary>The quota is -1 where there is none.</summary>
    private static double? LegacyQuota(SystemTree tree, string folder) =>
        Ratio(tree.ReadNumber($"{folder}/cpu.cfs_quota_us"), tree.ReadNumber($"{folder}/cpu.cfs_period_us"));

    private static double? Ratio(long? quota, long? period) => quota > 0 && period > 0 ? (double)quota / period : null;

    private static double? Least(double? a, double? b) => a is null || b < a ? b ?? a : a;

    /// <summary>The effective file already counts the parents in; where a kernel lacks it, the nearest own setting holds.</summary>
    private static IReadOnlyList<int>? Cpuset(SystemTree tree, CgroupPaths paths)
    {
        foreach (string folder in paths.Unified.Concat(paths.Cpuset))
        {
            foreach (string file in (ReadOnlySpan<string>)["cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"])
            {
                if (tree.ReadCpuList($"{folder}/{file}") is { } cpus)
                    return cpus;
            }
        }
        return null;
    }
}
