namespace P2PMiner.P2P.Network;

/// <summary>
/// The streams of all peers. Half of them are set aside, in equal parts for as many peers as there may be; the rest is for whoever comes
/// first. So a few who open many do not keep out the others. Thread-safe.
/// </summary>
/// <param name="limit">Streams in total.</param>
/// <param name="peers">Peers that may be connected.</param>
internal sealed class StreamBudget(int limit, int peers)
{
    private int _own;
    private int _common;

    internal int Used => Volatile.Read(ref _own) + Volatile.Read(ref _common);

    /// <summary>What each peer has for itself.</summary>
    internal int OwnShare { get; } = limit / 2 / peers;

    /// <param name="isOwn">Whether it is of the peer's own part, for which there is always room.</param>
    internal bool TryTake(bool isOwn)
    {
        if (isOwn)
            Interlocked.Increment(ref _own);
        else if (Interlocked.Increment(ref _common) > limit - (OwnShare * peers))
        {
            Interlocked.Decrement(ref _common);
            return false;
        }
        return true;
    }

    internal void Return(bool isOwn)
    {
        if (isOwn)
            Interlocked.Decrement(ref _own);
        else
            Interlocked.Decrement(ref _common);
    }
}
