using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Network;

/// <summary>
/// Streams that a remote opened and whose protocol is not agreed yet: some negotiate, the others wait for their turn, which
/// costs next to nothing until they or their connection end.
/// </summary>
/// <param name="together">How many negotiate at a time.</param>
/// <param name="waiting">How many may wait. A stream that its remote has reset keeps its place.</param>
/// <param name="patience">How long one may wait. Negotiations have to end in time, so that none waits much longer.</param>
/// <param name="time">The clock.</param>
internal sealed class NegotiationQueue(int together, int waiting, TimeSpan patience, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Queue<(YamuxStream Stream, long Since)> _waiting = [];
    private int _running;
    private bool _ended;

    /// <summary>Says whether a new stream is to negotiate now, or waits for <see cref="Next"/>, or is refused.</summary>
    internal Turn Add(YamuxStream stream)
    {
        lock (_lock)
        {
            if (_ended || _waiting.Count >= waiting)
                return Turn.Never;
            if (_running < together)
            {
                _running++;
                return Turn.Now;
            }
            _waiting.Enqueue((stream, time.GetTimestamp()));
            return Turn.Later;
        }
    }

    /// <summary>Says that one negotiation is over.</summary>
    /// <param name="isLate">Whether the next one waited too long: it is to be dropped, which ends its negotiation too.</param>
    /// <returns>The stream that is to negotiate in its place; null if none waits.</returns>
    internal YamuxStream? Next(out bool isLate)
    {
        lock (_lock)
        {
            if (_waiting.TryDequeue(out (YamuxStream Stream, long Since) next))
            {
                isLate = time.GetElapsedTime(next.Since) >= patience;
                return next.Stream;
            }
            isLate = false;
            _running--;
            return null;
        }
    }

    /// <summary>Those that will not get their turn, as the connection ended.</summary>
    internal YamuxStream[] End()
    {
        lock (_lock)
        {
            _ended = true;
            YamuxStream[] left = [.. _waiting.Select(static entry => entry.Stream)];
            _waiting.Clear();
            return left;
        }
    }

    internal enum Turn
    {
        Now,
        Later,
        Never,
    }
}
