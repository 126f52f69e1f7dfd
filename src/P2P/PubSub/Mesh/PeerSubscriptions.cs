using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>What peers announce to be subscribed to (libp2p/specs, pubsub/README.md, "The RPC"). Belongs to the router's lock.</summary>
internal sealed class PeerSubscriptions(
    PubSubLimits limits, TopicTable topics, MeshMembership membership, PeerGuard guard, IPubSubTrace? trace)
{
    internal void Receive(GossipPeer peer, ReadOnlySpan<byte> buffer, RpcFrame rpc)
    {
        List<SubscriptionChange>? changes = trace is null ? null : [];
        foreach (RpcFrame.SubscriptionEntry entry in rpc.Subscriptions)
        {
            guard.PenaliseFlood(peer, ++peer.Budget.Subscriptions, PeerBudget.FloodSubscriptions, "flood of subscriptions");
            string? topic = entry.Subscribe ? Subscribe(peer, entry.Topic.Of(buffer)) : Unsubscribe(peer, entry.Topic.Of(buffer));
            if (topic is not null)
                changes?.Add(new SubscriptionChange(topic, entry.Subscribe));
        }
        if (changes is { Count: > 0 })
            trace!.SubscriptionsChanged(peer.Id, changes);
        // After the peer's announcement was reported, as it is its cause.
        foreach (RpcFrame.SubscriptionEntry entry in rpc.Subscriptions)
        {
            if (entry.Subscribe && topics.TryFind(entry.Topic.Of(buffer), out Topic? topic) && topic.Subscribers.Contains(peer))
                membership.OnSubscribed(topic, peer);
        }
    }

    /// <summary>Our stream to the peer is open: meshes that are short of peers need not wait either.</summary>
    internal void OnReachable(GossipPeer peer)
    {
        foreach (Topic topic in peer.Topics)
            membership.OnSubscribed(topic, peer);
    }

    internal void Remove(GossipPeer peer)
    {
        foreach (Topic topic in peer.Topics)
        {
            topic.Subscribers.Remove(peer);
            topics.Release(topic);
        }
        peer.Topics.Clear();
    }

    private string? Subscribe(GossipPeer peer, ReadOnlySpan<byte> key)
    {
        if (peer.Topics.Count >= limits.MaxTopicsPerPeer && !IsKnown(peer, key))
        {
            guard.CountUseless(peer, "subscriptions to too many topics");
            return null;
        }
        if (topics.GetOrAdd(key) is not { } topic)
        {
            guard.CountUseless(peer, "subscriptions to what is no topic");
            return null;
        }
        topic.Subscribers.Add(peer);
        peer.Topics.Add(topic);
        return topic.Name;
    }

    private string? Unsubscribe(GossipPeer peer, ReadOnlySpan<byte> key)
    {
        if (!topics.TryFind(key, out Topic? topic) || !peer.Topics.Remove(topic))
            return null;
        topic.Subscribers.Remove(peer);
        topic.Fanout?.Peers.Remove(peer);
        membership.OnUnsubscribed(topic, peer);
        topics.Release(topic);
        return topic.Name;
    }

    private bool IsKnown(GossipPeer peer, ReadOnlySpan<byte> key) =>
        topics.TryFind(key, out Topic? topic) && topic.Subscribers.Contains(peer);
}
