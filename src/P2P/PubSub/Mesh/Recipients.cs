using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>
/// Whom a message is sent to (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md, "Message Processing", and gossipsub-v1.1.md, "Flood
/// Publishing"). Belongs to the router's lock.
/// </summary>
internal sealed class Recipients(PubSubOptions options, PeerGuard guard, PeerChoice choice, TimeProvider time)
{
    /// <summary>For a message of others: the mesh and the direct peers.</summary>
    internal void AddForwarding(Topic topic, List<GossipPeer> into)
    {
        into.AddRange(topic.Mesh ?? []);
        AddDirect(topic, into);
    }

    /// <summary>For a message of our own.</summary>
    internal void AddPublishing(Topic topic, List<GossipPeer> into)
    {
        if (options.FloodPublish)
        {
            into.AddRange(topic.Subscribers.Where(MayPublishTo));
            return;
        }
        if (topic.Mesh is { } mesh)
        {
            into.AddRange(mesh);
            AddMore(topic, mesh, into);
        }
        else
        {
            into.AddRange(FanoutOf(topic).Peers.Where(MayPublishTo));
        }
        AddDirect(topic, into);
    }

    /// <summary>Forgets a fanout that was not used for long, and keeps the others at D peers.</summary>
    internal void Heartbeat(Topic topic)
    {
        if (topic.Fanout is not { } fanout)
            return;
        if (time.Monotonic() - fanout.LastPublished > options.Mesh.FanoutLifetime)
            topic.Fanout = null;
        else
            Refill(topic, fanout);
    }

    private FanoutPeers FanoutOf(Topic topic)
    {
        topic.Fanout ??= new FanoutPeers();
        topic.Fanout.LastPublished = time.Monotonic();
        if (topic.Fanout.Peers.Count == 0)
            Refill(topic, topic.Fanout);
        return topic.Fanout;
    }

    private void Refill(Topic topic, FanoutPeers fanout)
    {
        fanout.Peers.RemoveWhere(peer => !topic.Subscribers.Contains(peer) || !MayPublishTo(peer));
        foreach (GossipPeer peer in choice.Subscribers(topic, peer => !peer.IsDirect && MayPublishTo(peer)))
        {
            if (fanout.Peers.Count >= options.Mesh.D)
                return;
            fanout.Peers.Add(peer);
        }
    }

    private void AddMore(Topic topic, HashSet<GossipPeer> mesh, List<GossipPeer> into)
    {
        int missing = options.Mesh.D - mesh.Count;
        if (missing > 0)
            into.AddRange(choice.Subscribers(topic, peer => !mesh.Contains(peer) && !peer.IsDirect && MayPublishTo(peer)).Take(missing));
    }

    private void AddDirect(Topic topic, List<GossipPeer> into)
    {
        if (options.DirectPeers.Count > 0)
            into.AddRange(topic.Subscribers.Where(peer => peer.IsDirect && peer.CanSend && !into.Contains(peer)));
    }

    private bool MayPublishTo(GossipPeer peer) => peer.CanSend && guard.Score(peer) >= guard.Thresholds.Publish;
}
