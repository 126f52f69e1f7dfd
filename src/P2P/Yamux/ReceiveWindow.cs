namespace P2PMiner.P2P.Yamux;

/// <summary>
/// What the remote may still send on a stream (libp2p/specs, yamux/README.md, "Flow Control"). Not thread-safe.
/// </summary>
/// <remarks>
/// Half a window that was sent and read is granted anew. If that took no longer than four round trips, the window may be what holds
/// the remote back: it doubles, as in js-libp2p and go-libp2p, as far as the connection's memory allows. Unlike there it stays as it is
/// while much is unread: then the reader is what holds things up, and a larger window would only be filled.
/// </remarks>
internal sealed class ReceiveWindow(int max, ConnectionMemory memory, TimeProvider time)
{
    /// <summary>What both sides begin with.</summary>
    internal const int Initial = 256 * 1024;

    /// <summary>
    /// Shorter round trips count as this: below it, scheduling and not the wire decides how long things take, on machines whose CPUs all hash.
    /// </summary>
    internal static readonly TimeSpan MinRoundTrip = TimeSpan.FromMilliseconds(10);

    private const int RoundTripsPerWindow = 4;

    private const int MaxUnreadShare = 8;

    private long _window = Initial;
    private long _credit = Initial;
    private long _epoch = time.GetTimestamp();

    /// <summary>Its size now, in bytes.</summary>
    internal long Size => _window;

    /// <summary>True if the remote may send so many bytes. They count when they come, with <see cref="Receive"/>.</summary>
    internal bool Allows(uint count) => count <= _credit;

    /// <summary>Counts bytes that came in.</summary>
    internal void Receive(int count) => _credit -= count;

    /// <summary>What is to be granted now, or 0 if it is not yet worth a frame.</summary>
    /// <param name="unread">Bytes received that still take memory.</param>
    /// <param name="roundTrip">Null if it is not known yet.</param>
    internal uint TakeGrant(long unread, TimeSpan? roundTrip)
    {
        long grant = _window - _credit - unread;
        if (grant < _window / 2)
            return 0;
        long now = time.GetTimestamp();
        if (unread <= _window / MaxUnreadShare && roundTrip is { } rtt
            && time.GetElapsedTime(_epoch, now) <= RoundTripsPerWindow * (rtt > MinRoundTrip ? rtt : MinRoundTrip))
        {
            grant += Grow();
        }
        _epoch = now;
        _credit += grant;
        return (uint)grant;
    }

    /// <summary>Gives back the memory reserved for growth; the remote sends nothing any more.</summary>
    internal void Close()
    {
        memory.Release(_window - Initial);
        _window = Initial;
    }

    private long Grow()
    {
        long growth = Math.Min(_window, max - _window);
        if (growth <= 0 || !memory.TryReserve(growth))
            return 0;
        _window += growth;
        return growth;
    }
}
