using P2PMiner.P2P.PubSub.Messages;

namespace P2PMiner.P2P.PubSub.Gossip;

/// <summary>
/// Ids that one peer declined with IDONTWANT (libp2p/specs, pubsub/gossipsub/gossipsub-v1.2.md, "Basic scenario"), each kept for some
/// heartbeats. Overflow: what is beyond the limit of a heartbeat is not kept.
/// </summary>
internal sealed class DeclinedMessages
{
    private readonly Queue<(byte[] Id, long Tick)> _order = new();
    private HashSet<byte[]>? _ids;
    private int _added;

    internal int Count => _ids?.Count ?? 0;

    internal bool Contains(byte[] id) => _ids?.Contains(id) == true;

    /// <summary>False if the peer has declined as many as it may until the next heartbeat.</summary>
    internal bool TryAdd(ReadOnlySpan<byte> id, long tick, int limit)
    {
        if (_added == limit)
            return false;
        _added++;
        _ids ??= new HashSet<byte[]>(ByteArrayComparer.Instance);
        byte[] copy = id.ToArray();
        if (_ids.Add(copy))
            _order.Enqueue((copy, tick));
        return true;
    }

    /// <summary>Begins a heartbeat and forgets what came before the given one.</summary>
    internal void Heartbeat(long oldestKept)
    {
        _added = 0;
        while (_order.TryPeek(out (byte[] Id, long Tick) oldest) && oldest.Tick < oldestKept)
            _ids!.Remove(_order.Dequeue().Id);
        if (_order.Count == 0)
            _ids = null;
    }
}
