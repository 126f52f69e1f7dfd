using System.Text.Json.Serialization;
using P2PMiner.Hardware;

namespace P2PMiner.Node.Api;

/// <summary>What the node does now, in one word.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<NodeState>))]
internal enum NodeState
{
    /// <summary>Not hashing yet: cache, first job or both are missing.</summary>
    Starting,

    /// <summary>Hashing.</summary>
    Mining,

    /// <summary>Would hash, but <see cref="NodeStatus.Paused"/> says why not.</summary>
    Paused,

    /// <summary>Ready, and asked to hash nothing (<c>--threads 0</c>).</summary>
    Idle,

    /// <summary>On its way out.</summary>
    Stopping,
}

/// <summary>
/// A snapshot of a running node, as <c>GET /api/v1/status</c> and <c>p2p-miner status --json</c> give it (camelCase).
/// Words are those of the options: memory "full", "light" or "hybrid", pages "huge", "thp" or "normal". Null is "not known yet" or
/// "does not apply".
/// </summary>
internal sealed record NodeStatus
{
    public required string Version { get; init; }

    /// <summary>Null while the node has no network identity.</summary>
    public string? PeerId { get; init; }

    /// <summary>Addresses that peers can connect to.</summary>
    public IReadOnlyList<string> Listen { get; init; } = [];

    public string Mode { get; init; } = "auto";

    /// <summary>"worker", "dataset host", "dataset host, worker", or "relay" for neither.</summary>
    public required string Role { get; init; }

    public required string Cluster { get; init; }

    public required NodeState State { get; init; }

    /// <summary>Why hashing pauses, such as "battery"; null when it does not.</summary>
    public string? Paused { get; init; }

    public required long UptimeSeconds { get; init; }

    public required string Algorithm { get; init; }

    public required string Engine { get; init; }

    /// <summary>What engine "shadow" has compared; null with any other.</summary>
    public ShadowStatus? Shadow { get; init; }

    /// <summary>The mode that threads hash in now: "light" until the dataset is ready.</summary>
    public required string Memory { get; init; }

    /// <summary>Pages of what is hashed with now: the dataset in full memory, else the cache.</summary>
    public string? Pages { get; init; }

    public StructurePages PagesByStructure { get; init; } = new(null, null, null);

    public required int Threads { get; init; }

    public HashrateStatus Hashrate { get; init; } = new(null, null, null, null);

    public ulong TotalHashes { get; init; }

    public JobStatus? Job { get; init; }

    public ShareCounts Shares { get; init; } = new(0, 0, 0, 0);

    /// <summary>Proofs of work of others that this node has checked.</summary>
    public ProofCounts Proofs { get; init; } = new(0, 0);

    public BlockCounts Blocks { get; init; } = new(0, 0, 0);

    public ChainStatus? Chain { get; init; }

    /// <summary>This node's part in the share chain's last links.</summary>
    public ContributionStatus? Contribution { get; init; }

    public DatasetStatus? Dataset { get; init; }

    /// <summary>RandomX keys whose cache is held: those of this epoch and, once it is known, of the next.</summary>
    public KeyStatus? Keys { get; init; }

    public IReadOnlyList<DaemonEntry> Daemons { get; init; } = [];

    /// <summary>This node and all its peers together.</summary>
    public ClusterTotals ClusterTotals { get; init; } = new(0, null);

    /// <summary>The last log lines from level info up, oldest first.</summary>
    public IReadOnlyList<NodeEvent> Events { get; init; } = [];

    /// <summary>Whether the node can do its work: what <c>/health/ready</c> answers.</summary>
    public bool Ready => State is NodeState.Mining or NodeState.Paused or NodeState.Idle;
}

/// <summary>Hashes per second, averaged over 10 s, 60 s and 15 min, and the greatest 10 s average so far.</summary>
internal sealed record HashrateStatus(double? S10, double? S60, double? M15, double? Max);

/// <summary>Hashes that both engines gave, in which they differed, and that were left out because others still waited.</summary>
internal sealed record ShadowStatus(long Equal, long Different, long Skipped);

/// <summary>The kind of pages behind each structure, as the option names it.</summary>
internal sealed record StructurePages(string? Cache, string? Dataset, string? Scratchpad);

/// <param name="Source">"chain" or "daemon".</param>
/// <param name="Height">Height of the block or link that a hit would make.</param>
/// <param name="Difficulty">What a hash must meet to make a block or link of the source.</param>
/// <param name="Key">RandomX key, 64 hex digits.</param>
/// <param name="Publisher">The node whose daemon made the block, this one or another; null for a link.</param>
/// <param name="SwitchSeconds">From when the node took the job until its last thread searched it; null until then.</param>
internal sealed record JobStatus(string Source, ulong Height, UInt128 Difficulty, string Key, string? Publisher = null, double? SwitchSeconds = null)
{
    /// <summary>What people call the publisher; empty for this node, for a link, and when it does not say.</summary>
    public string PublisherName { get; init; } = "";
}

/// <param name="Found">Hashes that met the share difficulty.</param>
/// <param name="Accepted">Shares that became links of the share chain.</param>
/// <param name="Rejected">Shares that failed the re-check or the chain's rules.</param>
/// <param name="Stale">Shares whose job was no longer the current one.</param>
internal sealed record ShareCounts(long Found, long Accepted, long Rejected, long Stale);

/// <param name="Checked">Hashes computed for it.</param>
/// <param name="Seconds">Processor time that took, caches of its own included.</param>
internal sealed record ProofCounts(long Checked, double Seconds);

/// <summary>Shares that also met the source's network difficulty.</summary>
/// <param name="Found">By this node.</param>
/// <param name="Accepted">Of these, on a daemon's main chain.</param>
/// <param name="Rejected">Of these, refused, or too late.</param>
/// <param name="Relayed">Found by other nodes and handed to this node's daemons.</param>
/// <param name="Suppressed">By this node and not submitted, since they would only compete with another; not among those found.</param>
internal sealed record BlockCounts(long Found, long Accepted, long Rejected, long Relayed = 0, long Suppressed = 0);

/// <param name="Height">Height of the last link.</param>
/// <param name="Tip">Id of the last link, 64 hex digits.</param>
/// <param name="Difficulty">Of the next link.</param>
internal sealed record ChainStatus(ulong Height, string Tip, UInt128 Difficulty);

/// <param name="Key">RandomX key, 64 hex digits.</param>
/// <param name="State">"building", "loading", "ready" or "none".</param>
/// <param name="Progress">0 to 1.</param>
/// <param name="LocalChunks">Chunks of 1 MiB that this node computed or loaded.</param>
/// <param name="RemoteChunks">Chunks of 1 MiB that peers sent.</param>
/// <param name="ItemsPerSecond">Null when nothing is being built.</param>
/// <param name="EtaSeconds">Time until it is ready; null when not known.</param>
internal sealed record DatasetStatus(
    string? Key, string State, double Progress, int LocalChunks, int RemoteChunks, double? ItemsPerSecond, double? EtaSeconds)
{
    /// <summary>Of the local chunks, those that came from the dataset file.</summary>
    public int FileChunks { get; init; }
}

/// <summary>RandomX keys, 64 hex digits each.</summary>
internal sealed record KeyStatus(string Current, string? Next);

/// <param name="Url">Without user name and password.</param>
/// <param name="State">"connecting", "active", "standby" or "faulted".</param>
/// <param name="Height">Height of its chain, null before its first answer.</param>
/// <param name="Problem">One line, null when there is none.</param>
internal sealed record DaemonEntry(string Url, string State, ulong? Height, string? Problem);

/// <param name="Peers">Other nodes.</param>
/// <param name="Hashrate">Hashes per second over 60 s.</param>
internal sealed record ClusterTotals(int Peers, double? Hashrate);

/// <summary>Another node of the cluster, by its own words (its last heartbeat).</summary>
/// <param name="PeerId">Who.</param>
/// <param name="Version">Of its program.</param>
/// <param name="Mode">"auto", "master" or "worker".</param>
/// <param name="Role">"worker", "dataset host", both, or "relay".</param>
/// <param name="Hashrate">Hashes per second over 60 s.</param>
/// <param name="Threads">Miner threads.</param>
/// <param name="Memory">"full", "light" or "hybrid".</param>
/// <param name="Daemon">Whether it has a Monero daemon.</param>
/// <param name="Chain">The end of its share chain.</param>
/// <param name="DatasetKeys">RandomX keys whose datasets it holds.</param>
/// <param name="Address">Of the connection with it; null when it is reached through others.</param>
/// <param name="SecondsSinceHeard">Since its last heartbeat.</param>
internal sealed record PeerStatus(
    string PeerId, string Version, string Mode, string Role, double Hashrate, int Threads, string Memory, bool Daemon,
    PeerChain Chain, IReadOnlyList<string> DatasetKeys, string? Address, double SecondsSinceHeard)
{
    /// <summary>What people call it; empty when it does not say.</summary>
    public string Name { get; init; } = "";
}

/// <param name="Height">Of the last link.</param>
/// <param name="Tip">Id of the last link, 64 hex digits.</param>
internal sealed record PeerChain(ulong Height, string Tip);

/// <summary>Body of <c>GET /api/v1/peers</c>, those of the greatest hash rate first.</summary>
internal sealed record PeerList(IReadOnlyList<PeerStatus> Peers);

/// <param name="Time">When it was logged.</param>
/// <param name="Level">"info", "warning" or "error".</param>
/// <param name="Message">One line without control characters.</param>
internal sealed record NodeEvent(DateTimeOffset Time, string Level, string Message);

/// <summary>One share of <c>GET /api/v1/shares</c>.</summary>
/// <param name="Time">When it was found.</param>
/// <param name="Source">"chain" or "daemon".</param>
/// <param name="Height">Height that it was found for.</param>
/// <param name="Difficulty">What it had to meet.</param>
/// <param name="Hash">Its proof of work, 64 hex digits.</param>
/// <param name="State">"pending", "accepted", "rejected" or "stale".</param>
/// <param name="Block">Whether it also met the source's network difficulty.</param>
internal sealed record ShareStatus(
    DateTimeOffset Time, string Source, ulong Height, UInt128 Difficulty, string Hash, string State, bool Block);

/// <summary>Body of <c>GET /api/v1/shares</c>, newest first.</summary>
internal sealed record ShareList(IReadOnlyList<ShareStatus> Shares);

/// <summary>Body of the health end points.</summary>
internal sealed record HealthStatus(string Status);

/// <summary>Body of every answer that is no success.</summary>
internal sealed record ApiError(string Error);
