namespace P2PMiner.Node.Api.History;

/// <summary>
/// Samples the hash rates of node and cluster as long as the node runs: the last hour finely, the last day by the minute.
/// Kept in memory only. Thread-safe.
/// </summary>
/// <param name="status">Gives a snapshot of the node.</param>
/// <param name="time">Paces the sampling.</param>
internal sealed class HashrateHistory(Func<NodeStatus> status, TimeProvider time)
{
    /// <summary>Between two samples of rates that are means over a minute.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>An hour of samples.</summary>
    public const int FineCapacity = 720;

    /// <summary>A day of means.</summary>
    public const int CoarseCapacity = 1440;

    private const int SamplesPerMean = 12;

    private readonly Lock _lock = new();
    private readonly HistoryRing _fine = new(Interval, FineCapacity);
    private readonly HistoryRing _coarse = new(SamplesPerMean * Interval, CoarseCapacity);
    private readonly List<HistoryPoint> _pending = new(SamplesPerMean);

    /// <summary>The newest sample; null before the first.</summary>
    public HistoryPoint? Last
    {
        get
        {
            lock (_lock)
                return field;
        }
        private set;
    }

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            Sample();
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    public HistoryReport Read()
    {
        lock (_lock)
            return new HistoryReport([_fine.Read(), _coarse.Read()]);
    }

    /// <summary>Takes one sample.</summary>
    internal void Sample()
    {
        NodeStatus now = status();
        var point = new HistoryPoint(
            time.GetUtcNow().ToUnixTimeSeconds(), now.Hashrate.S60 ?? now.Hashrate.S10, now.ClusterTotals.Hashrate, now.ClusterTotals.Peers + 1);
        lock (_lock)
        {
            _fine.Add(point);
            Last = point;
            _pending.Add(point);
            if (_pending.Count < SamplesPerMean)
                return;
            _coarse.Add(new HistoryPoint(point.Time, Mean(sample => sample.Node), Mean(sample => sample.Cluster), point.Members));
            _pending.Clear();
        }
    }

    /// <summary>Of the samples in which it is known.</summary>
    private double? Mean(Func<HistoryPoint, double?> value) => _pending.Average(value);
}
