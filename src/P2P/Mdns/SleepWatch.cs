namespace P2PMiner.P2P.Mdns;

/// <summary>
/// Notices that the machine slept: the wall clock went on while running time stood still, or, where that counts sleep too, more of
/// it passed between two looks than any pause explains. A wall clock that was set looks the same.
/// </summary>
/// <param name="time">Both clocks.</param>
/// <param name="step">The least difference that counts; longer than any pause between two looks.</param>
internal sealed class SleepWatch(TimeProvider time, TimeSpan step)
{
    private DateTimeOffset _wall = time.GetUtcNow();
    private long _running = time.GetTimestamp();

    /// <summary>True once after each sleep.</summary>
    public bool Slept()
    {
        DateTimeOffset wall = time.GetUtcNow();
        long running = time.GetTimestamp();
        TimeSpan ran = time.GetElapsedTime(_running, running);
        TimeSpan difference = wall - _wall - ran;
        _wall = wall;
        _running = running;
        return difference.Duration() > step || ran > step;
    }
}
