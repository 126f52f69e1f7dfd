namespace P2PMiner.P2P.Yamux;

/// <summary>A number of bytes that several holders share. Thread-safe.</summary>
/// <param name="limit">How many.</param>
/// <param name="whole">What it is a part of: what is taken here is taken there too.</param>
internal sealed class MemoryBudget(long limit, MemoryBudget? whole = null)
{
    private long _used;

    internal long Limit { get; } = limit;

    internal long Used => Interlocked.Read(ref _used);

    /// <summary>Takes <paramref name="bytes"/> of it, or nothing if so much is not left.</summary>
    internal bool TryReserve(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= Limit && (whole is null || whole.TryReserve(bytes)))
            return true;
        Interlocked.Add(ref _used, -bytes);
        return false;
    }

    internal void Release(long bytes)
    {
        Interlocked.Add(ref _used, -bytes);
        whole?.Release(bytes);
    }
}
