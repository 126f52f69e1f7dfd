using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Api;

/// <summary>
/// The machine, and what the node would do on it: <c>probe --json</c> and <c>GET /api/v1/hardware</c>.
/// </summary>
internal sealed record HardwareReport(HardwareInfo Hardware, ThreadPlan ThreadPlan, MemoryPlan MemoryPlan)
{
    /// <summary>Reads the machine and plans for it what the options leave open.</summary>
    public static HardwareReport Read(NodeOptions options)
    {
        HardwareInfo hardware = HardwareProbe.Read();
        ThreadPlan threads = ThreadPlanner.Plan(hardware, new ThreadRequest(options.Threads));
        return new HardwareReport(hardware, threads, PlanMemory(hardware, options, threads.Threads.Count));
    }

    /// <summary>Parts of datasets are for machine code of engine managed only.</summary>
    public static MemoryPlan PlanMemory(HardwareInfo hardware, NodeOptions options, int threads) => MemoryPlanner.Plan(
        hardware, RolePlan.MemoryOf(options), threads, LanesOf(hardware, options, threads), options.PartBytes,
        takesPart: options.Engine != EngineKind.Native && threads > 0 && ManagedEngine.WhyInterpreted is null);

    /// <summary>What the engine gives to a thread where memory is not short.</summary>
    public static LaneCounts LanesOf(HardwareInfo hardware, NodeOptions options, int threads) =>
        options.Engine == EngineKind.Native ? LaneCounts.One : ManagedEngine.LanesPerThread(CachePerThread(hardware, threads));

    /// <summary>Bytes of the last cache that are one thread's; null where nothing is known of a last cache.</summary>
    public static long? CachePerThread(HardwareInfo hardware, int threads)
    {
        long bytes = hardware.Caches
            .Where(cache => cache.Level == 3 && cache.Cpus.Any(hardware.AllowedCpus.Contains)).Sum(cache => cache.Bytes);
        return bytes == 0 ? null : bytes / Math.Max(1, threads);
    }
}
