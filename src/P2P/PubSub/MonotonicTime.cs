namespace P2PMiner.P2P.PubSub;

/// <summary>Points in time that only grow, for expiries.</summary>
internal static class MonotonicTime
{
    /// <summary>In whole numbers, since <see cref="TimeProvider.GetElapsedTime(long)"/> loses digits over long spans.</summary>
    internal static TimeSpan Monotonic(this TimeProvider time)
    {
        (long seconds, long rest) = Math.DivRem(time.GetTimestamp(), time.TimestampFrequency);
        return new TimeSpan((seconds * TimeSpan.TicksPerSecond) + (rest * TimeSpan.TicksPerSecond / time.TimestampFrequency));
    }
}
