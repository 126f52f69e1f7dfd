using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.PubSub;

/// <summary>A peer with whom there is a pubsub stream.</summary>
/// <param name="Peer">Who it is.</param>
/// <param name="OutboundProtocol">The protocol of our stream to it, such as "/meshsub/1.2.0"; null while there is none.</param>
/// <param name="HasInbound">True if it has a stream to us.</param>
/// <param name="Score">Its score now (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "Peer Scoring").</param>
public sealed record PubSubPeer(PeerId Peer, string? OutboundProtocol, bool HasInbound, double Score);
