using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht;

/// <summary>The outcome of <see cref="KademliaDht.PutValueAsync"/> (libp2p/specs, kad-dht/README.md, "Value storage").</summary>
/// <param name="StoredAt">The peers that echoed the value.</param>
/// <param name="Stats">What it took; its errors name the peers that refused.</param>
public sealed record PutValueResult(IReadOnlyList<PeerId> StoredAt, DhtStats Stats);
