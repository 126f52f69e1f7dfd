namespace P2PMiner.P2P.Yamux;

/// <summary>Measures a rate: <paramref name="burst"/> at once, and <paramref name="perSecond"/> in the long run. One caller at a time.</summary>
internal sealed class TokenBucket(int burst, double perSecond, TimeProvider time)
{
    private double _tokens = burst;
    private long _last = time.GetTimestamp();

    /// <summary>Takes one, or as many as are asked for; false if there were not enough left.</summary>
    internal bool TryTake(int count = 1)
    {
        // The clock is asked only when it matters: one is taken per frame.
        if (_tokens < count)
            Refill();
        _tokens -= count;
        return _tokens >= 0;
    }

    /// <summary>Adds to what may be taken, up to twice the burst.</summary>
    internal void Add(int count) => _tokens = Math.Min(_tokens + count, 2.0 * burst);

    /// <summary>How long it takes until what was taken too much has come back; zero if nothing was.</summary>
    internal TimeSpan Debt()
    {
        if (_tokens >= 0)
            return TimeSpan.Zero;
        Refill();
        return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / perSecond);
    }

    private void Refill()
    {
        long now = time.GetTimestamp();
        _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_last, now).TotalSeconds * perSecond));
        _last = now;
    }
}
