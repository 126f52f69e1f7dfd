using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>
/// Joining and leaving topics, and what peers say about it: GRAFT and PRUNE (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md, "Control
/// Messages", and gossipsub-v1.1.md). Belongs to the router's lock.
/// </summary>
internal sealed class MeshMembership(
    PubSubOptions options, MeshLinks links, Pruning pruning, PeerGuard guard, Outbox outbox, PeerChoice choice, TimeProvider time)
{
    private MeshOptions Mesh => options.Mesh;

    /// <summary>Begins a mesh, first with the peers that we published to without being subscribed.</summary>
    internal void Join(Topic topic)
    {
        if (topic.Mesh is not null)
            return;
        topic.Mesh = [];
        List<GossipPeer> candidates = [.. topic.Fanout?.Peers ?? [], .. choice.Subscribers(topic, static _ => true)];
        topic.Fanout = null;
        foreach (GossipPeer peer in candidates)
        {
            if (topic.Mesh.Count < Mesh.D && !topic.Mesh.Contains(peer) && MayGraft(topic, peer))
                Graft(topic, peer);
        }
    }

    internal void Leave(Topic topic)
    {
        if (topic.Mesh is null)
            return;
        foreach (GossipPeer peer in topic.Mesh.ToArray())
        {
            links.Remove(topic, peer);
            pruning.Send(topic, peer, withPeers: true, unsubscribed: true);
        }
        topic.Mesh = null;
    }

    /// <summary>A peer announced its subscription: it need not wait for the next heartbeat if the mesh is short of peers.</summary>
    internal void OnSubscribed(Topic topic, GossipPeer peer)
    {
        if (topic.Mesh is { } mesh && mesh.Count < Mesh.DLow && !mesh.Contains(peer) && MayGraft(topic, peer))
            Graft(topic, peer);
    }

    internal void OnUnsubscribed(Topic topic, GossipPeer peer) => links.Remove(topic, peer);

    /// <summary>True if the peer may be added to the mesh by us.</summary>
    internal bool MayGraft(Topic topic, GossipPeer peer) =>
        peer.CanSend && !peer.IsDirect && guard.Score(peer) >= 0 && !topic.Backoffs.IsHeld(peer.Id, time.Monotonic(), Mesh.Heartbeat);

    /// <summary>Adds a peer to the mesh and tells it.</summary>
    internal void Graft(Topic topic, GossipPeer peer)
    {
        links.Add(topic, peer);
        outbox.For(peer).Grafts.Add(topic.Key);
    }

    /// <returns>True if the peer is in the mesh now.</returns>
    internal bool OnGraft(Topic topic, GossipPeer peer)
    {
        // One for a topic that we are not subscribed to is not answered, as answers could be had for the asking.
        if (topic.Mesh is not { } mesh || peer.IsUnreachable)
            return false;
        if (mesh.Contains(peer))
            return true;
        if (IsRefused(topic, peer, out bool withPeers))
        {
            pruning.Send(topic, peer, withPeers);
            return false;
        }
        links.Add(topic, peer);
        return true;
    }

    internal void OnPrune(Topic topic, GossipPeer peer, ulong backoffSeconds)
    {
        if (topic.Mesh is null)
            return;
        links.Remove(topic, peer);
        TimeSpan backoff = backoffSeconds == 0
            ? Mesh.PruneBackoff
            : TimeSpan.FromSeconds(Math.Min(backoffSeconds, MeshOptions.Limit.TotalSeconds));
        topic.Backoffs.Add(peer.Id, time.Monotonic() + backoff);
    }

    private bool IsRefused(Topic topic, GossipPeer peer, out bool withPeers)
    {
        withPeers = false;
        if (peer.IsDirect)
            return true;
        TimeSpan now = time.Monotonic();
        TimeSpan expiry = topic.Backoffs.ExpiryOf(peer.Id);
        if (now < expiry)
        {
            guard.Penalise(peer, 1, "GRAFT during the back-off");
            if (now < expiry + Mesh.GraftFloodThreshold - Mesh.PruneBackoff)
                guard.Penalise(peer, 1, "GRAFT at once after PRUNE");
            return true;
        }
        if (guard.Score(peer) < 0)
            return true;
        withPeers = true;
        return IsFull(topic, peer);
    }

    // A full mesh still takes a peer that we dialled, as long as such peers are wanted: nobody can thrust himself upon us that way.
    private bool IsFull(Topic topic, GossipPeer peer) =>
        Mesh.NeverMeshes || (topic.Mesh!.Count >= Mesh.DHigh && !(peer.IsOutbound && Mesh.DOut > 0));
}
