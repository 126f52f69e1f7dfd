using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht;

/// <summary>The outcome of <see cref="KademliaDht.FindPeerAsync"/> (libp2p/specs, kad-dht/README.md, "Peer routing").</summary>
/// <param name="Found">The peer with at least one address, or null.</param>
/// <param name="From">Who named it first; null if it was known.</param>
/// <param name="Stats">What it took.</param>
public sealed record FindPeerResult(DhtPeer? Found, PeerId? From, DhtStats Stats);
