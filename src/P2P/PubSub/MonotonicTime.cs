namespace P2PMiner.P2P.PubSub;

/// <summary>Points in time that only grow, for expiries.</summary>
internal static class MonotonicTime
{
    internal static TimeSpan Monotonic(this TimeProvider time) => time.GetElapsedTime(0);
}
