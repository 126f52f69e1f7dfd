using P2PMiner.P2P.PubSub.Mesh;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Gossip;

/// <summary>
/// Announces recent messages with IHAVE to peers outside the mesh (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md, "Gossip Emission",
/// and gossipsub-v1.1.md, "Adaptive Gossip Dissemination"). Belongs to the router's lock.
/// </summary>
internal sealed class GossipEmitter(PubSubOptions options, MessageCache cache, PeerGuard guard, Outbox outbox, PeerChoice choice)
{
    /// <param name="topic">Whose messages are announced.</param>
    /// <param name="order">
    /// All peers, shuffled anew at each heartbeat. The same order for all topics: whoever hears of one then hears of the others too, in one RPC.
    /// </param>
    internal void Emit(Topic topic, IReadOnlyList<GossipPeer> order)
    {
        if (topic.Mesh is null && topic.Fanout is null)
            return;
        List<byte[]> ids = cache.GossipIds(topic.Key);
        if (ids.Count == 0)
            return;
        List<GossipPeer> peers = [.. order.Where(peer => IsOutside(topic, peer) && guard.Score(peer) >= guard.Thresholds.Gossip)];
        int target = Math.Max(options.Gossip.DLazy, (int)(options.Gossip.Factor * peers.Count));
        foreach (GossipPeer peer in peers.Take(target))
            outbox.For(peer).IHaves.Add((topic.Key, Part(ids)));
    }

    private static bool IsOutside(Topic topic, GossipPeer peer) =>
        peer.CanSend && !peer.IsDirect && topic.Subscribers.Contains(peer) && topic.Mesh?.Contains(peer) != true && topic.Fanout?.Peers.Contains(peer) != true;

    // Of too many, every peer is told of others.
    private List<byte[]> Part(List<byte[]> ids)
    {
        if (ids.Count <= options.Limits.MaxIds)
            return ids;
        choice.Shuffle(ids);
        return ids.GetRange(0, options.Limits.MaxIds);
    }
}
