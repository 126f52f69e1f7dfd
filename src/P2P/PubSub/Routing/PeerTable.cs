using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Routing;

/// <summary>The peers that we have a pubsub stream with; as many as there are connections. Belongs to the router's lock.</summary>
internal sealed class PeerTable
{
    private readonly Dictionary<PeerId, GossipPeer> _peers = [];

    internal int Count => _peers.Count;

    internal IReadOnlyCollection<GossipPeer> All => _peers.Values;

    internal GossipPeer? Find(PeerId id) => _peers.GetValueOrDefault(id);

    internal void Add(GossipPeer peer) => _peers.Add(peer.Id, peer);

    internal bool Remove(GossipPeer peer) => Find(peer.Id) == peer && _peers.Remove(peer.Id);
}
