namespace P2PMiner.P2P.Yamux;

/// <summary>
/// What one connection's remote makes us hold: unread bytes, and window growth granted. Bounded for the connection and, beyond a
/// small share that every connection has for itself, for all of the peer's and all of the host's together, so that a few greedy peers do
/// not starve the rest.
/// </summary>
internal sealed class ConnectionMemory(long limit)
{
    /// <summary>Bytes that need no room in the common budget: one fresh window.</summary>
    internal const long OwnShare = 256 * 1024;

    private readonly Lock _lock = new();
    private MemoryBudget? _shared;
    private long _used;
    private bool _closed;

    internal long Used
    {
        get
        {
            lock (_lock)
                return _used;
        }
    }

    /// <summary>Names the common budget; without one, there is no common limit. To be called while nothing is reserved.</summary>
    internal void Share(MemoryBudget shared)
    {
        lock (_lock)
            _shared = shared;
    }

    internal bool TryReserve(long bytes)
    {
        lock (_lock)
        {
            long common = Common(_used + bytes) - Common(_used);
            if (_closed || _used + bytes > limit || (common > 0 && _shared is not null && !_shared.TryReserve(common)))
                return false;
            _used += bytes;
            return true;
        }
    }

    internal void Release(long bytes)
    {
        lock (_lock)
        {
            if (_closed)
                return;
            _shared?.Release(Common(_used) - Common(_used - bytes));
            _used -= bytes;
        }
    }

    /// <summary>Gives everything back at the end of the connection, whatever its streams still hold.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            if (!_closed)
                _shared?.Release(Common(_used));
            _closed = true;
            _used = 0;
        }
    }

    private static long Common(long used) => Math.Max(0, used - OwnShare);
}
