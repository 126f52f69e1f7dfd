namespace P2PMiner.Hardware;

/// <summary>How RandomX memory is used (RandomX specs.md, section 7.3: full and light mode).</summary>
public enum MemoryMode
{
    /// <summary>The whole dataset, 2080 MiB, is in memory.</summary>
    Full,

    /// <summary>Only the cache, 256 MiB; dataset items are computed when needed.</summary>
    Light,
}

/// <summary>The kind of pages that back a large buffer, best first.</summary>
public enum PageKind
{
    /// <summary>Reserved huge pages (Linux hugetlb, Windows large pages).</summary>
    Huge,

    /// <summary>Ordinary memory that the kernel was advised to back with huge pages (Linux madvise).</summary>
    Transparent,

    /// <summary>The platform's base page size.</summary>
    Normal,
}

/// <summary>One miner thread: the logical CPU it is pinned to and the NUMA node of that CPU.</summary>
public sealed record PlannedThread(int Cpu, int NumaNode);

/// <summary>How many miner threads run, where, and why.</summary>
/// <param name="Threads">In start order; empty when nothing is to be hashed.</param>
/// <param name="Reason">One sentence for the user.</param>
public sealed record ThreadPlan(IReadOnlyList<PlannedThread> Threads, string Reason);

/// <summary>Which memory mode fits this machine, and why.</summary>
/// <param name="Mode">Full only when dataset, cache and scratchpads fit the available memory.</param>
/// <param name="PrepareNextDataset">Whether the next epoch's dataset fits beside the current one.</param>
/// <param name="AvailableBytes">What the machine, after cgroup limits, can still give.</param>
/// <param name="RequiredBytes">What the chosen mode will take.</param>
/// <param name="Reason">One sentence with the numbers, for the user.</param>
public sealed record MemoryPlan(
    MemoryMode Mode, bool PrepareNextDataset, long AvailableBytes, long RequiredBytes, string Reason);
