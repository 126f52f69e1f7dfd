namespace P2PMiner.Node.Api;

/// <summary>
/// Body of <c>GET /api/v1/cluster</c>: the whole cluster as this node sees it, itself included. What it tells of others are
/// their own claims.
/// </summary>
/// <param name="Name">Of the cluster.</param>
/// <param name="IsPrivate">Whether it has a key.</param>
/// <param name="Self">Peer id of this node; null while it has none.</param>
/// <param name="Members">This node first, then those of the greatest hash rate; a bounded list.</param>
/// <param name="Links">Connections between members, as far as they are known; a bounded list.</param>
/// <param name="Totals">Of all members, those that the list leaves out too.</param>
internal sealed record ClusterReport(
    string Name, bool IsPrivate, string? Self, IReadOnlyList<ClusterMember> Members, IReadOnlyList<ClusterLink> Links, ClusterSums Totals);

/// <param name="Members">Live nodes, this one included.</param>
/// <param name="Hashrate">Hashes per second over 60 s.</param>
/// <param name="Threads">Miner threads.</param>
/// <param name="DatasetHosts">Nodes that hold the dataset for others.</param>
/// <param name="Daemons">Nodes that have a Monero daemon.</param>
internal sealed record ClusterSums(int Members, double Hashrate, int Threads, int DatasetHosts, int Daemons);

/// <summary>A node of the cluster.</summary>
/// <param name="PeerId">Who.</param>
/// <param name="Name">What people call it; empty when it does not say. Foreign text.</param>
/// <param name="IsSelf">Whether it is the node that answers.</param>
/// <param name="Version">Of its program. Foreign text.</param>
/// <param name="Mode">"auto", "master" or "worker".</param>
/// <param name="Role">"worker", "dataset host", "dataset host, worker", or "relay" for neither.</param>
/// <param name="Hashrate">Hashes per second over 60 s.</param>
/// <param name="Threads">Miner threads.</param>
/// <param name="Memory">"full", "light" or "hybrid".</param>
/// <param name="Cpus">CPUs that it may use.</param>
/// <param name="MemoryTotal">In bytes, 0 when it does not say.</param>
/// <param name="MemoryAvailable">In bytes, 0 when it does not say.</param>
/// <param name="Daemon">Whether it has a Monero daemon.</param>
/// <param name="Chain">The end of its share chain.</param>
/// <param name="DatasetKeys">RandomX keys whose datasets it holds.</param>
/// <param name="Address">Of the connection with it; null for this node and for one that is reached through others.</param>
/// <param name="LatencySeconds">Round trip of the connection with it; null where there is none or it is not measured yet.</param>
/// <param name="SecondsSinceHeard">Since its last heartbeat.</param>
internal sealed record ClusterMember(
    string PeerId, string Name, bool IsSelf, string Version, string Mode, string Role, double Hashrate, int Threads, string Memory,
    int Cpus, ulong MemoryTotal, ulong MemoryAvailable, bool Daemon, PeerChain Chain, IReadOnlyList<string> DatasetKeys,
    string? Address, double? LatencySeconds, double SecondsSinceHeard);

/// <summary>A connection between two members.</summary>
/// <param name="From">Peer id.</param>
/// <param name="To">Peer id.</param>
/// <param name="LatencySeconds">Its round trip, where this node is an end of it.</param>
internal sealed record ClusterLink(string From, string To, double? LatencySeconds);
