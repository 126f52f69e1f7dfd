namespace P2PMiner.Hardware;

/// <summary>What memory there is, and what modes would take of it.</summary>
/// <param name="hardware">The machine.</param>
/// <param name="threads">Miner threads.</param>
/// <param name="lanes">Of each thread.</param>
internal sealed class MemoryBudget(HardwareInfo hardware, int threads, LaneCounts lanes)
{
    private const long HugePageBytes = 2 << 20;

    private readonly long _datasetsInHugePages = (hardware.Pages.TwoMiB?.Free ?? 0) / (MemoryPlanner.DatasetBytes / HugePageBytes);

    public int Threads => threads;

    public LaneCounts Lanes => lanes;

    /// <summary>Bytes of ordinary pages; null when unknown.</summary>
    public long? Ordinary { get; } = hardware.Memory.AvailableBytes is { } machine
        ? Math.Min(machine, hardware.Limits.MemoryAvailableBytes ?? long.MaxValue)
        : hardware.Limits.MemoryAvailableBytes;

    /// <summary>Bytes of all lanes that exist at once.</summary>
    /// <param name="mode">Of memory.</param>
    /// <param name="most">A thread's lanes of either kind, at most.</param>
    public long LaneMemory(MemoryMode mode, int most) => (long)threads * lanes.AtOnce(mode, most) * MemoryPlanner.LaneBytes;

    /// <summary>Bytes of everything.</summary>
    /// <param name="mode">Of memory.</param>
    /// <param name="datasetBytes">Of datasets, or of a part of one.</param>
    /// <param name="most">A thread's lanes, at most.</param>
    public long Required(MemoryMode mode, long datasetBytes, int most) =>
        datasetBytes + MemoryPlanner.Caches * MemoryPlanner.CacheBytes + LaneMemory(mode, most);

    /// <summary>Whether that fits, with the system's reserve.</summary>
    /// <param name="mode">Of memory.</param>
    /// <param name="datasetBytes">Of datasets, or of a part of one.</param>
    /// <param name="most">A thread's lanes, at most.</param>
    public bool Holds(MemoryMode mode, long datasetBytes, int most) =>
        Required(mode, datasetBytes, most) - InHugePages(datasetBytes) + MemoryPlanner.SystemReserveBytes <= Ordinary;

    /// <summary>With how many lanes per thread that fits, at most; null where it does not fit at all, or nothing is known.</summary>
    public int? LanesThatFit(MemoryMode mode, long datasetBytes)
    {
        int most = lanes.Most;
        while (most > 0 && !Holds(mode, datasetBytes, most))
            most--;
        return most == 0 ? null : most;
    }

    /// <summary>Bytes for datasets of that size; null when unknown.</summary>
    public long? Available(long datasetBytes) => Ordinary + InHugePages(datasetBytes);

    /// <summary>Whether the sum fits, and each node its own datasets.</summary>
    public bool HoldsOnNodes(int[] nodes, int datasetsPerNode, int most) =>
        Holds(MemoryMode.Full, nodes.Length * datasetsPerNode * MemoryPlanner.DatasetBytes, most)
        && hardware.NumaNodes.Where(node => nodes.Contains(node.Id))
            .All(node => node.AvailableBytes is null || node.AvailableBytes >= datasetsPerNode * MemoryPlanner.DatasetBytes);

    private long InHugePages(long datasetBytes) =>
        Math.Min(datasetBytes / MemoryPlanner.DatasetBytes, _datasetsInHugePages) * MemoryPlanner.DatasetBytes;
}
