namespace P2PMiner.Node.Api.History;

/// <summary>The last points of a series; the oldest falls out. Not thread-safe.</summary>
/// <param name="interval">Between two points.</param>
/// <param name="capacity">Points that are kept.</param>
internal sealed class HistoryRing(TimeSpan interval, int capacity)
{
    private readonly Queue<HistoryPoint> _points = new(capacity);

    public void Add(HistoryPoint point)
    {
        if (_points.Count == capacity)
            _points.Dequeue();
        _points.Enqueue(point);
    }

    public HistorySeries Read() => new(
        (int)interval.TotalSeconds, [.. _points.Select(point => point.Time)], [.. _points.Select(point => point.Node)],
        [.. _points.Select(point => point.Cluster)], [.. _points.Select(point => point.Members)]);
}
