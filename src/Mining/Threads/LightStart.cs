namespace P2PMiner.Mining.Threads;

/// <summary>
/// For how long threads that wait for a dataset hash like others before they make way for those that compute it. Where shares are
/// easy, as in a cluster that has just begun, a node so takes part after seconds, at the price of a few seconds of the
/// dataset's time. Thread-safe.
/// </summary>
/// <param name="time">Clock.</param>
internal sealed class LightStart(TimeProvider time)
{
    /// <summary>From the first hash on.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>Harder shares are hardly found in that time: two threads do 50 to 100 H/s in light mode.</summary>
    public static readonly UInt128 Hardest = 1000;

    private long _begin;
    private volatile bool _isOver;

    /// <summary>Once it is over it stays so.</summary>
    public bool IsOver => _isOver;

    /// <summary>A share was found.</summary>
    public void End() => _isOver = true;

    /// <summary>A thread has hashed in light mode.</summary>
    /// <param name="difficulty">Of the shares that it looks for.</param>
    public void AfterHash(UInt128 difficulty)
    {
        if (_isOver)
            return;
        long now = time.GetTimestamp();
        long begin = Interlocked.CompareExchange(ref _begin, now, 0);
        if (difficulty > Hardest || (begin != 0 && time.GetElapsedTime(begin, now) > Longest))
            End();
    }
}
