namespace P2PMiner.Node.Api.History;

/// <summary>Body of <c>GET /api/v1/history</c>: the finest series first; a bounded number of points each.</summary>
internal sealed record HistoryReport(IReadOnlyList<HistorySeries> Series);

/// <summary>Hash rates over time, oldest first; one value of each list belongs to one point.</summary>
/// <param name="IntervalSeconds">Between two points; they are further apart where the node did not run.</param>
/// <param name="Times">Unix times in seconds.</param>
/// <param name="Node">Hashes per second of this node; null where it was not known.</param>
/// <param name="Cluster">Hashes per second of all nodes.</param>
/// <param name="Members">Nodes in the cluster, this one included.</param>
internal sealed record HistorySeries(
    int IntervalSeconds, IReadOnlyList<long> Times, IReadOnlyList<double?> Node, IReadOnlyList<double?> Cluster, IReadOnlyList<int> Members);

/// <summary>One point of a <see cref="HistorySeries"/>.</summary>
internal sealed record HistoryPoint(long Time, double? Node, double? Cluster, int Members);
