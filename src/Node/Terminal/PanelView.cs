using P2PMiner.Node.Api;

namespace P2PMiner.Node.Terminal;

/// <summary>What the panel shows at one moment.</summary>
/// <param name="Status">This node.</param>
/// <param name="Cluster">All nodes.</param>
/// <param name="Rates">Hash rates of the cluster over the last minutes, oldest first; null where not known.</param>
internal sealed record PanelView(NodeStatus Status, ClusterReport Cluster, IReadOnlyList<double?> Rates)
{
    public static PanelView Of(ApiSources sources) => new(sources.Status(), sources.Cluster(), sources.History.Read().Series[0].Cluster);
}
