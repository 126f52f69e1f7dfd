using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht;

/// <summary>
/// The outcome of <see cref="KademliaDht.ProvideAsync"/> (libp2p/specs, kad-dht/README.md, "Content provider advertisement").
/// </summary>
/// <param name="SentTo">The peers that took the announcement.</param>
/// <param name="Stats">What it took.</param>
public sealed record ProvideResult(IReadOnlyList<PeerId> SentTo, DhtStats Stats);
