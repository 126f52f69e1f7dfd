using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>
/// What each heartbeat does to the mesh of a topic (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "Heartbeat Maintenance", "Outbound
/// Mesh Quotas", "Opportunistic Grafting"). Belongs to the router's lock.
/// </summary>
internal sealed class MeshUpkeep(MeshOptions options, MeshMembership membership, MeshLinks links, Pruning pruning, PeerGuard guard, PeerChoice choice)
{
    /// <param name="topic">A topic that we are subscribed to.</param>
    /// <param name="tick">Number of the heartbeat.</param>
    internal void Heartbeat(Topic topic, long tick)
    {
        DropBadPeers(topic);
        Fill(topic);
        CutDown(topic);
        FillOutboundQuota(topic);
        if (options.OpportunisticGraftTicks > 0 && tick % options.OpportunisticGraftTicks == 0)
            GraftBetterPeers(topic);
    }

    private void DropBadPeers(Topic topic)
    {
        foreach (GossipPeer peer in topic.Mesh!.ToArray())
        {
            if (guard.Score(peer) < 0)
                Prune(topic, peer, withPeers: false);
        }
    }

    private void Fill(Topic topic)
    {
        if (topic.Mesh!.Count < options.DLow)
            Graft(topic, options.D - topic.Mesh.Count, static _ => true);
    }

    private void CutDown(Topic topic)
    {
        if (topic.Mesh!.Count <= options.DHigh)
            return;
        HashSet<GossipPeer> kept = choice.Keep(topic.Mesh, guard.Score, options);
        foreach (GossipPeer peer in topic.Mesh.Where(peer => !kept.Contains(peer)).ToArray())
            Prune(topic, peer, withPeers: true);
    }

    private void FillOutboundQuota(Topic topic)
    {
        if (topic.Mesh!.Count >= options.DLow)
            Graft(topic, options.DOut - topic.Mesh.Count(static peer => peer.IsOutbound), static peer => peer.IsOutbound);
    }

    private void GraftBetterPeers(Topic topic)
    {
        if (topic.Mesh!.Count <= 1)
            return;
        double median = topic.Mesh.Select(guard.Score).Order().ElementAt(topic.Mesh.Count / 2);
        if (median < guard.Thresholds.OpportunisticGraft)
            Graft(topic, options.OpportunisticGraftPeers, peer => guard.Score(peer) > median);
    }

    private void Graft(Topic topic, int count, Func<GossipPeer, bool> filter)
    {
        if (count <= 0)
            return;
        List<GossipPeer> candidates = choice.Subscribers(
            topic, peer => !topic.Mesh!.Contains(peer) && membership.MayGraft(topic, peer) && filter(peer));
        foreach (GossipPeer peer in candidates.Take(count))
            membership.Graft(topic, peer);
    }

    private void Prune(Topic topic, GossipPeer peer, bool withPeers)
    {
        links.Remove(topic, peer);
        pruning.Send(topic, peer, withPeers);
    }
}
