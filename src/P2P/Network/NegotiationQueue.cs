using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Network;

/// <summary>
/// Streams that a remote opened and whose protocol is not agreed yet: some negotiate, the others wait for their turn, which
/// costs next to nothing until they or their connection end.
/// </summary>
/// <param name="together">How many negotiate at a time.</param>
/// <param name="waiting">How many may wait. A stream that its remote has reset keeps its place.</param>
internal sealed class NegotiationQueue(int together, int waiting)
{
    private readonly Lock _lock = new();
    private readonly Queue<YamuxStream> _waiting = [];
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
            _waiting.Enqueue(stream);
            return Turn.Later;
        }
    }

    /// <summary>Says that one negotiation is over.</summary>
    /// <returns>The stream that is to negotiate in its place; null if none waits.</returns>
    internal YamuxStream? Next()
    {
        lock (_lock)
        {
            if (_waiting.TryDequeue(out YamuxStream? next))
                return next;
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
            YamuxStream[] left = [.. _waiting];
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
