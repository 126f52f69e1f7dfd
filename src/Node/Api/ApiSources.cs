using P2PMiner.Node.Api.History;

namespace P2PMiner.Node.Api;

/// <summary>What the HTTP API serves; each is called for every request, from any thread.</summary>
/// <param name="Status">A snapshot of the node.</param>
/// <param name="Hardware">The machine and the plans made for it.</param>
/// <param name="Shares">Recent shares, newest first; a bounded list.</param>
/// <param name="Peers">The other nodes of the cluster; a bounded list.</param>
/// <param name="Cluster">The whole cluster.</param>
/// <param name="Contributions">Who did how much of the share chain; a bounded list.</param>
/// <param name="History">Hash rates over time; sampled elsewhere.</param>
internal sealed record ApiSources(
    Func<NodeStatus> Status, Func<HardwareReport> Hardware, Func<IReadOnlyList<ShareStatus>> Shares,
    Func<IReadOnlyList<PeerStatus>> Peers, Func<ClusterReport> Cluster, Func<ContributionReport> Contributions, HashrateHistory History);
