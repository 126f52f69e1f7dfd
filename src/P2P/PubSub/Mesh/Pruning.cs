using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>
/// Sends PRUNE with its back-off and, if wanted, other peers (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "PRUNE Backoff and Peer
/// Exchange"). Belongs to the router's lock.
/// </summary>
/// <param name="options">All options.</param>
/// <param name="guard">Judges peers.</param>
/// <param name="outbox">Where PRUNE goes.</param>
/// <param name="choice">Draws peers.</param>
/// <param name="time">The clock.</param>
internal sealed class Pruning(
    PubSubOptions options, PeerGuard guard, Outbox outbox, PeerChoice choice, TimeProvider time)
{
    /// <summary>Tells a peer that it is not in our mesh, and begins the back-off on our side.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="peer">The peer.</param>
    /// <param name="withPeers">False where naming other peers would serve a peer that does not deserve it.</param>
    /// <param name="unsubscribed">True if it is because we leave the topic.</param>
    internal void Send(Topic topic, GossipPeer peer, bool withPeers, bool unsubscribed = false)
    {
        TimeSpan backoff = unsubscribed ? options.Mesh.UnsubscribeBackoff : options.Mesh.PruneBackoff;
        topic.Backoffs.Add(peer.Id, time.Monotonic() + backoff);
        if (!peer.CanSend)
            return;
        bool isKnown = peer.Version >= ProtocolVersion.V11;
        outbox.For(peer).Prunes.Add(new ControlBatch.PruneNotice(
            topic.Key, isKnown ? Seconds(backoff) : null, isKnown && withPeers && options.PeerExchange ? Others(topic, peer) : []));
    }

    // 0 on the wire would mean the default, a minute.
    private static ulong Seconds(TimeSpan backoff) => (ulong)Math.Max(1, Math.Ceiling(backoff.TotalSeconds));

    private List<(byte[] Peer, byte[]? Record)> Others(Topic topic, GossipPeer peer) =>
    [
        .. choice.Subscribers(topic, other => other != peer && guard.Score(other) >= 0)
            .Take(options.Limits.MaxExchangedPeers)
            .Select(other => (other.Id.Bytes.ToArray(), other.SignedRecord)),
    ];
}
