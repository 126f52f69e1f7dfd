using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Dht.Messaging;

/// <summary>The streams to one peer: how many requests run at once, and those that wait for the next request.</summary>
/// <param name="places">Requests at once.</param>
internal sealed class PeerLane(int places)
{
    /// <summary>Streams kept open between requests.</summary>
    internal const int MaxIdle = 2;

    private readonly Stack<(PeerStream Stream, DateTimeOffset Since)> _idle = new();

    internal SemaphoreSlim Places { get; } = new(places);

    /// <summary>Requests that run or wait; the lane is forgotten without any and without idle streams.</summary>
    internal int Users { get; set; }

    internal int Idle => _idle.Count;

    internal PeerStream? Take() => _idle.TryPop(out (PeerStream Stream, DateTimeOffset Since) last) ? last.Stream : null;

    /// <returns>False if enough wait already.</returns>
    internal bool TryKeep(PeerStream stream, DateTimeOffset now)
    {
        if (_idle.Count >= MaxIdle)
            return false;
        _idle.Push((stream, now));
        return true;
    }

    /// <summary>Takes out the streams that have waited since before a time.</summary>
    internal List<PeerStream> TakeOlder(DateTimeOffset than)
    {
        (PeerStream Stream, DateTimeOffset Since)[] all = [.. _idle.Reverse()];
        _idle.Clear();
        foreach ((PeerStream Stream, DateTimeOffset Since) entry in all.Where(entry => entry.Since > than))
            _idle.Push(entry);
        return [.. all.Where(entry => entry.Since <= than).Select(entry => entry.Stream)];
    }
}
