using System.Text.Json.Serialization;

namespace P2PMiner.Hardware;

/// <summary>How RandomX memory is used (RandomX specs.md, section 7.3: full and light mode).</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<MemoryMode>))]
public enum MemoryMode
{
    /// <summary>The whole dataset, 2080 MiB, is in memory.</summary>
    Full,

    /// <summary>Only the cache, 256 MiB; dataset items are computed when needed.</summary>
    Light,

    /// <summary>The cache and the first part of the dataset; the other items are computed when needed.</summary>
    Hybrid,
}

/// <summary>What the user asked of memory.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<MemoryRequest>))]
public enum MemoryRequest
{
    /// <summary>Full where it fits, else light, or hybrid where the caller allows it.</summary>
    Auto,

    /// <summary>Full or nothing.</summary>
    Full,

    /// <summary>Light even where full would fit.</summary>
    Light,

    /// <summary>Full where it fits, else as much of the dataset as does; or a given amount of it.</summary>
    Hybrid,
}

/// <summary>The kind of pages that back a large buffer, best first.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<PageKind>))]
public enum PageKind
{
    /// <summary>Reserved huge pages (Linux hugetlb, Windows large pages).</summary>
    Huge,

    /// <summary>Ordinary memory that the kernel was advised to back with huge pages (Linux madvise).</summary>
    Transparent,

    /// <summary>The platform's base page size.</summary>
    Normal,
}

/// <summary>How many miner threads the user asked for.</summary>
/// <param name="Count">
/// 0 to <see cref="MaxCount"/>; null lets caches, cores and limits decide. More than there are CPUs is legal.
/// </param>
public sealed record ThreadRequest(int? Count = null)
{
    /// <summary>Above any machine's logical CPUs that mine sensibly; bounds what a mistyped number can start.</summary>
    public const int MaxCount = 4096;
}

/// <summary>One miner thread: the logical CPU it is pinned to and the NUMA node of that CPU.</summary>
public sealed record PlannedThread(int Cpu, int NumaNode);

/// <summary>How many miner threads run, where, and why.</summary>
/// <param name="Threads">In start order; empty when nothing is to be hashed.</param>
/// <param name="Reason">One sentence for the user.</param>
public sealed record ThreadPlan(IReadOnlyList<PlannedThread> Threads, string Reason);

/// <summary>Which memory mode is taken on this machine, whether it fits, and why.</summary>
/// <param name="Mode">
/// The mode asked for; for <see cref="MemoryRequest.Auto"/> full where it fits, else light, and for <see cref="MemoryRequest.Hybrid"/>
/// a mode between them too.
/// </param>
/// <param name="Fits">
/// False: even this mode needs more than is available. The caller refuses, with <paramref name="Reason"/> as the message.
/// </param>
/// <param name="DatasetNodes">
/// The NUMA nodes that get a dataset of their own; one node when a single dataset is shared; empty in light mode.
/// </param>
/// <param name="PrepareNextDataset">Whether the next epoch's dataset fits beside the current one, on each of those nodes.</param>
/// <param name="AvailableBytes">What the machine, after cgroup limits, can still give; null when nothing tells.</param>
/// <param name="RequiredBytes">What the mode takes; <see cref="MemoryPlanner.SystemReserveBytes"/> must be left beside it.</param>
/// <param name="Reason">One sentence with the numbers, for the user.</param>
public sealed record MemoryPlan(
    MemoryMode Mode,
    bool Fits,
    IReadOnlyList<int> DatasetNodes,
    bool PrepareNextDataset,
    long? AvailableBytes,
    long RequiredBytes,
    string Reason)
{
    /// <summary>Bytes of the dataset's first part that is held in hybrid mode, whole MiB.</summary>
    public long PartBytes { get; init; }

    /// <summary>How many lanes of a thread there is memory for: what the engine wants, or fewer where memory is short.</summary>
    public int Lanes { get; init; } = 1;
}
