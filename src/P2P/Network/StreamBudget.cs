namespace P2PMiner.P2P.Network;

/// <summary>A number of streams that all connections share. Thread-safe.</summary>
internal sealed class StreamBudget(int limit)
{
    private int _used;

    internal int Used => Volatile.Read(ref _used);

    internal bool TryTake()
    {
        if (Interlocked.Increment(ref _used) <= limit)
            return true;
        Interlocked.Decrement(ref _used);
        return false;
    }

    internal void Return() => Interlocked.Decrement(ref _used);
}
