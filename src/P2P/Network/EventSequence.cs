namespace P2PMiner.P2P.Network;

/// <summary>
/// Raises events one after the other in the order in which they were posted, without a lock held: a handler may call back into the network.
/// Whoever posts first raises what others post meanwhile.
/// </summary>
/// <param name="failed">Gets what a handler threw; the events after it are raised all the same.</param>
internal sealed class EventSequence(Action<Exception> failed)
{
    private readonly Lock _lock = new();
    private readonly Queue<Action> _waiting = new();
    private bool _raising;

    internal void Post(Action raise)
    {
        Enqueue(raise);
        RaiseWaiting();
    }

    /// <summary>Fixes the place of an event among the others; for callers that hold a lock and call <see cref="RaiseWaiting"/> after it.</summary>
    internal void Enqueue(Action raise)
    {
        lock (_lock)
            _waiting.Enqueue(raise);
    }

    internal void RaiseWaiting()
    {
        lock (_lock)
        {
            if (_raising)
                return;
            _raising = true;
        }
        while (TryTake() is { } next)
            Raise(next);
    }

    private Action? TryTake()
    {
        lock (_lock)
        {
            if (_waiting.TryDequeue(out Action? next))
                return next;
            _raising = false;
            return null;
        }
    }

    private void Raise(Action next)
    {
        try
        {
            next();
        }
#pragma warning disable CA1031 // A handler of ours that throws is a defect: it is reported, and the others still get their events.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failed(e);
        }
    }
}
