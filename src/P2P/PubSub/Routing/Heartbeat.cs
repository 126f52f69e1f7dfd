using P2PMiner.P2P.PubSub.Gossip;
using P2PMiner.P2P.PubSub.Mesh;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Scoring;

namespace P2PMiner.P2P.PubSub.Routing;

/// <summary>
/// What is done at every heartbeat, in js-libp2p's order (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md, "Heartbeat"; v1.1, "Heartbeat
/// Maintenance"). Belongs to the router's lock.
/// </summary>
internal sealed class Heartbeat(
    PubSubOptions options,
    PeerTable peers,
    TopicTable topics,
    MeshUpkeep mesh,
    Recipients recipients,
    GossipEmitter gossip,
    Promises promises,
    MessageCache cache,
    SeenCache seen,
    Authors authors,
    ScoreBoard scores,
    DeliveryScores deliveries,
    PeerGuard guard,
    Outbox outbox,
    PeerChoice choice,
    TimeProvider time)
{
    /// <summary>Heartbeats between two sweeps of tables whose entries last for minutes.</summary>
    private const int SweepTicks = 15;

    /// <summary>P7 at each heartbeat at which a peer has not read for a third of the time after which it is cut off.</summary>
    private const double SlowPenalty = 0.5;

    /// <summary>Number of the heartbeat that was last.</summary>
    internal long Tick { get; private set; }

    internal void Run()
    {
        Tick++;
        scores.Refresh();
        deliveries.Expire();
        seen.Expire();
        foreach (GossipPeer peer in promises.TakeBroken())
            guard.Penalise(peer, 1, "an announced message that was not sent");
        foreach (GossipPeer peer in peers.All)
            Begin(peer);
        if (Tick % SweepTicks == 0)
            authors.Expire();
        List<GossipPeer> order = [.. peers.All];
        choice.Shuffle(order);
        foreach (Topic topic in topics.All.ToArray())
            Maintain(topic, order);
        outbox.Flush();
        cache.Shift();
    }

    private void Begin(GossipPeer peer)
    {
        peer.Budget.Heartbeat();
        peer.Declined.Heartbeat(Tick - options.Gossip.HistoryLength);
        TimeSpan blocked = peer.Writer.Blocked;
        if (peer.PartialFor(time.Monotonic()) > options.Limits.SlowPeerTimeout)
            guard.CutOff(peer, "it does not end what it began to send");
        else if (blocked > options.Limits.SlowPeerTimeout)
            guard.CutOff(peer, "it does not read what is sent to it");
        else if (blocked > options.Limits.SlowPeerTimeout / 3)
            guard.Penalise(peer, SlowPenalty, "slow reading");
        if (PubSubMetrics.Scores.Enabled)
            PubSubMetrics.Scores.Record(guard.Score(peer));
    }

    private void Maintain(Topic topic, List<GossipPeer> order)
    {
        if (Tick % SweepTicks == 0)
            topic.Backoffs.Expire(time.Monotonic(), options.Mesh.Heartbeat);
        if (topic.Mesh is not null)
            mesh.Heartbeat(topic, Tick);
        recipients.Heartbeat(topic);
        if (!options.Gossip.RareTopics.Contains(topic.Name) || Tick % Math.Max(1, options.Gossip.HistoryGossip) == 0)
            gossip.Emit(topic, order);
        topics.Release(topic);
    }
}
