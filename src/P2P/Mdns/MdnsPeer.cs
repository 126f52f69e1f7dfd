using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Mdns;

/// <summary>
/// An answer of another host (libp2p/specs, discovery/mdns.md, "Response"). Nobody vouches for it: a connection has to prove the id.
/// </summary>
/// <param name="Peer">Whom the answer names.</param>
/// <param name="Addresses">TCP addresses, private, link-local, loopback or of the link's own networks, at least one; without /p2p.</param>
/// <param name="First">True if the peer has not announced exactly these addresses lately.</param>
public sealed record MdnsPeer(PeerId Peer, IReadOnlyList<Multiaddr> Addresses, bool First);
