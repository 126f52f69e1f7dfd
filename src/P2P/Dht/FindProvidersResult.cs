using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht;

/// <summary>
/// The outcome of <see cref="KademliaDht.FindProvidersAsync"/> (libp2p/specs, kad-dht/README.md, "Content provider discovery").
/// </summary>
/// <param name="Providers">One per peer, in the order in which they were found.</param>
/// <param name="Stats">What it took.</param>
public sealed record FindProvidersResult(IReadOnlyList<DhtProvider> Providers, DhtStats Stats);

/// <summary>
/// A peer that says it provides something (libp2p/specs, kad-dht/README.md, "Content provider advertisement").
/// </summary>
/// <param name="Peer">Its id.</param>
/// <param name="Addresses">At least one, without /p2p; not verified.</param>
/// <param name="From">Who named it first; our own id if we knew.</param>
public sealed record DhtProvider(PeerId Peer, IReadOnlyList<Multiaddr> Addresses, PeerId From);
