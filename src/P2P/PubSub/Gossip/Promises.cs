using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Gossip;

/// <summary>
/// Messages that peers announced and we asked for: one drawn from each request, to be sent within a time (libp2p/specs,
/// pubsub/gossipsub/gossipsub-v1.1.md, "Spam Protection Measures"). Belongs to the router's lock. Its size is bounded by the requests
/// that we make of each peer within that time.
/// </summary>
internal sealed class Promises(TimeSpan followUp, TimeProvider time)
{
    private readonly Dictionary<byte[], List<GossipPeer>> _peers = new(ByteArrayComparer.Instance);
    private readonly Queue<(byte[] Id, GossipPeer Peer, TimeSpan Expiry)> _order = new();

    internal int Count => _order.Count;

    internal void Add(GossipPeer peer, byte[] id)
    {
        if (!_peers.TryGetValue(id, out List<GossipPeer>? peers))
            _peers.Add(id, peers = []);
        if (peers.Contains(peer))
            return;
        peers.Add(peer);
        _order.Enqueue((id, peer, time.Monotonic() + followUp));
    }

    /// <summary>The message came, from whomever: nobody needs to send it any more.</summary>
    internal void Keep(byte[] id) => _peers.Remove(id);

    /// <summary>The message came from this peer, whatever it is worth: if it is worth nothing, that has its own penalty.</summary>
    internal void Keep(ReadOnlySpan<byte> id, GossipPeer peer)
    {
        if (_peers.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(id, out List<GossipPeer>? peers))
            peers.Remove(peer);
    }

    /// <summary>Takes out the promises whose time is over, and gives the peers that broke one, once for each.</summary>
    internal List<GossipPeer> TakeBroken()
    {
        List<GossipPeer> broken = [];
        TimeSpan now = time.Monotonic();
        while (_order.TryPeek(out (byte[] Id, GossipPeer Peer, TimeSpan Expiry) oldest) && oldest.Expiry < now)
        {
            _order.Dequeue();
            if (!_peers.TryGetValue(oldest.Id, out List<GossipPeer>? peers))
                continue;
            if (peers.Remove(oldest.Peer) && oldest.Peer.IsPresent)
                broken.Add(oldest.Peer);
            if (peers.Count == 0)
                _peers.Remove(oldest.Id);
        }
        return broken;
    }
}
