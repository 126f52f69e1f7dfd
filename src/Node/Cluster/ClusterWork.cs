using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Node.Cluster.Blocks;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Jobs;

namespace P2PMiner.Node.Cluster;

/// <summary>Where the work of other members goes, and what they may have of ours.</summary>
/// <param name="Jobs">Takes their jobs.</param>
/// <param name="Keys">Learns the keys of these.</param>
/// <param name="Prove">Checks the proof of work of their blocks.</param>
/// <param name="ProofCost">Processor time of one such check, or of one of a share, as measured lately.</param>
/// <param name="Relay">Submits their blocks.</param>
/// <param name="Hold">The dataset of a key; null when it is not held, or not shared.</param>
/// <param name="NeedsCache">Whether a check under a key takes a cache that has to be filled first; null if none does.</param>
internal sealed record ClusterWork(
    ForeignJobs Jobs, KnownKeys Keys, BlobCheck Prove, Func<TimeSpan> ProofCost, BlockRelay Relay, Func<Hash256, HeldDataset?> Hold,
    Predicate<Hash256>? NeedsCache = null);
