using System.Globalization;

namespace P2PMiner.Hardware;

/// <summary>
/// Decides how many miner threads run and on which CPUs. RandomX takes a scratchpad of 2 MiB per thread, whose first
/// 256 KiB get most accesses (RandomX configuration.md, RANDOMX_SCRATCHPAD_L3 and _L2), in full and light mode alike.
/// </summary>
public static class ThreadPlanner
{
    /// <summary>Last-level cache that a thread should have to itself, in bytes.</summary>
    public const long L3BytesPerThread = 2L << 20;

    /// <summary>Level 2 cache that a thread should have to itself, in bytes.</summary>
    public const long L2BytesPerThread = 256L << 10;

    /// <summary>
    /// Without a count: as many threads as caches hold, at most one per allowed CPU and, under a CPU quota, at most the
    /// quota rounded up. A cache too small for one thread still gets one. Physical cores come before second threads of
    /// cores, fast cores before slow ones; threads spread over NUMA nodes, then over last-level caches. With a count:
    /// the same order, first within and then beyond what caches hold; beyond the CPUs, threads share them.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative or above <see cref="ThreadRequest.MaxCount"/>.</exception>
    public static ThreadPlan Plan(HardwareInfo hardware, ThreadRequest request)
    {
        if (request.Count is < 0 or > ThreadRequest.MaxCount)
            throw new ArgumentOutOfRangeException(nameof(request), request.Count, $"the number of threads must be 0 to {ThreadRequest.MaxCount}");
        CpuPicker picker = new(hardware);
        int most = request.Count ?? MostAtOnce(hardware);
        List<LogicalCpu> chosen = picker.PickWithinCaches(most);
        int withinCaches = chosen.Count;
        if (request.Count is { } asked)
            AddBeyondCaches(picker, chosen, asked);
        PlannedThread[] threads = [.. chosen.Select(cpu => new PlannedThread(cpu.Id, cpu.NumaNode))];
        string reason = request.Count is null ? ReasonOfAuto(hardware, picker, chosen) : ReasonOfCount(hardware, chosen, withinCaches);
        return new ThreadPlan(threads, reason);
    }

    /// <summary>
    /// Threads that get on at the same time: one per allowed CPU, and no more than a CPU quota rounded up, as more of them would use it up in
    /// less time, and then stand still together.
    /// </summary>
    public static int MostAtOnce(HardwareInfo hardware) =>
        hardware.Limits.CpuQuota is { } quota ? (int)Math.Clamp(Math.Ceiling(quota), 1, hardware.AllowedCpus.Count) : hardware.AllowedCpus.Count;

    private static void AddBeyondCaches(CpuPicker picker, List<LogicalCpu> chosen, int count)
    {
        chosen.AddRange(picker.PickBeyondCaches(count - chosen.Count));
        int distinct = chosen.Count;
        for (int i = 0; chosen.Count < count; i++)
            chosen.Add(chosen[i % distinct]);
    }

    private static string ReasonOfAuto(HardwareInfo hardware, CpuPicker picker, List<LogicalCpu> chosen)
    {
        string limit = chosen.Count == MostAtOnce(hardware) && chosen.Count < hardware.AllowedCpus.Count
            ? $"the CPU quota of {Cpus(hardware.Limits.CpuQuota!.Value)}"
            : chosen.Count == hardware.AllowedCpus.Count
                ? "one per CPU that this process may use"
                : picker.CacheLimit;
        string known = hardware.Caches.Count == 0 ? "; cache sizes are unknown" : "";
        string slow = hardware.Limits.CpuQuota < chosen.Count ? $"; the CPU quota slows them to {Cpus(hardware.Limits.CpuQuota.Value)}" : "";
        return $"{Threads(chosen.Count)} on {Cores(chosen)}: {limit}{known}{slow}";
    }

    private static string ReasonOfCount(HardwareInfo hardware, List<LogicalCpu> chosen, int withinCaches)
    {
        if (chosen.Count == 0)
            return "0 threads, as asked: nothing is hashed here";
        string text = $"{Threads(chosen.Count)} on {Cores(chosen)}, as asked";
        if (chosen.Count > hardware.AllowedCpus.Count)
            text += $"; that is more than the {Cpus(hardware.AllowedCpus.Count)} this process may use, so they share and slow each other";
        else if (chosen.Count > withinCaches)
            text += $"; the caches hold {Threads(withinCaches)} well, so more may be slower";
        if (hardware.Limits.CpuQuota < chosen.Count)
            text += $"; the CPU quota slows them to {Cpus(hardware.Limits.CpuQuota.Value)}";
        return text;
    }

    private static string Threads(int count) => count == 1 ? "1 thread" : $"{count} threads";

    private static string Cpus(double count) => count == 1 ? "1 CPU" : $"{count.ToString("0.##", CultureInfo.InvariantCulture)} CPUs";

    private static string Cores(List<LogicalCpu> chosen)
    {
        int cores = chosen.Select(cpu => cpu.Core).Distinct().Count();
        return cores == 1 ? "1 core" : $"{cores} cores";
    }
}
