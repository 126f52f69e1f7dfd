using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine;

/// <param name="Only">Parts to measure; empty for all.</param>
/// <param name="Pairs">Measurements of each side, in turn.</param>
/// <param name="Slice">Length of one measurement of a hash rate.</param>
/// <param name="Threads">Numbers of threads, each measured by itself.</param>
/// <param name="Cpus">That threads are pinned to.</param>
/// <param name="Pages">Kinds of pages, each measured by itself.</param>
/// <param name="Machines">With a dataset: lanes, and "b" for batched or "t" for touched prefetches.</param>
/// <param name="Miner">Command line of another miner; empty for none.</param>
/// <param name="MinerPattern">Finds its hash rate in a line that it prints; the last line counts.</param>
/// <param name="MinerSeconds">How long it runs each time, with what it needs to begin.</param>
/// <param name="Output">Where the JSON goes.</param>
internal sealed record BenchSettings(
    IReadOnlyList<string> Only,
    int Pairs,
    TimeSpan Slice,
    IReadOnlyList<int> Threads,
    IReadOnlyList<int> Cpus,
    IReadOnlyList<PagePreference> Pages,
    IReadOnlyList<string> Machines,
    string Miner,
    string MinerPattern,
    int MinerSeconds,
    string Output)
{
    /// <summary>Any key serves: RandomX costs the same under each.</summary>
    public byte[] Key { get; } = "bench-engine"u8.ToArray();

    /// <summary>Of the algorithm, where another miner is compared or a checksum made.</summary>
    public RandomXVersion Version { get; init; }

    public bool Wants(string part) => Only.Count == 0 || Only.Contains(part);
}
