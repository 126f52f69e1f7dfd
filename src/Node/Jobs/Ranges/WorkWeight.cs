namespace P2PMiner.Node.Jobs.Ranges;

/// <summary>
/// A node's hash rate as a weight that it tells the cluster: all members have to reckon with the same number, and one that
/// trembles would move slices for nothing. So it changes in steps, and only when the rate has been beyond a step for a while.
/// Thread-safe.
/// </summary>
/// <param name="time">Measures how long a rate lasts.</param>
internal sealed class WorkWeight(TimeProvider time)
{
    /// <summary>Steps per doubling: 19 % each.</summary>
    private const double StepsPerDoubling = 4;

    /// <summary>How far beyond the middle of its step a rate has to be, in steps; half would be the border itself.</summary>
    private const double Slack = 1.25;

    /// <summary>How long it has to be there.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private int? _step;
    private long? _beyondSince;

    private int Current => _step is int step ? Math.Max(1, (int)Math.Round(Math.Pow(2, step / StepsPerDoubling))) : 0;

    /// <summary>Takes a measurement.</summary>
    /// <param name="hashrate">Hashes per second over a minute; null or 0 when nothing is hashed.</param>
    /// <returns>The weight, about as many hashes per second; 0 for a node that does not hash.</returns>
    public int Update(double? hashrate)
    {
        lock (_lock)
            return Take(hashrate);
    }

    private int Take(double? hashrate)
    {
        double? exact = hashrate is > 0 and < double.PositiveInfinity ? Math.Log2(hashrate.Value) * StepsPerDoubling : null;
        int? step = exact is double position ? (int)Math.Round(position) : null;
        bool isFirst = _step is null && step is not null;
        bool isWithin = exact is double there && _step is int middle ? Math.Abs(there - middle) <= Slack : step == _step;
        if (isWithin)
        {
            _beyondSince = null;
            return Current;
        }
        long now = time.GetTimestamp();
        _beyondSince ??= now;
        if (isFirst || time.GetElapsedTime(_beyondSince.Value, now) >= Patience)
        {
            _step = step;
            _beyondSince = null;
        }
        return Current;
    }
}
