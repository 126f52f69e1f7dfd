using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>Peers for a topic that we publish to without being subscribed (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md, "Fanout").</summary>
internal sealed class FanoutPeers
{
    internal HashSet<GossipPeer> Peers { get; } = [];

    /// <summary>When we last published.</summary>
    internal TimeSpan LastPublished { get; set; }
}
