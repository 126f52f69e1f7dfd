using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht;

/// <summary>The outcome of <see cref="KademliaDht.GetClosestPeersAsync"/> (libp2p/specs, kad-dht/README.md, "Peer routing").</summary>
/// <param name="Peers">Those that answered, the nearest first, at most k, without ourselves.</param>
/// <param name="Stats">What it took.</param>
public sealed record ClosestPeersResult(IReadOnlyList<PeerId> Peers, DhtStats Stats);
