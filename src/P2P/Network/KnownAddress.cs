using P2PMiner.P2P.Addresses;

namespace P2PMiner.P2P.Network;

/// <summary>An address of a peer and what it rests on (libp2p/specs, RFC/0003-routing-records.md, "Peer Store APIs").</summary>
/// <param name="Address">Without /p2p.</param>
/// <param name="IsCertified">True if it stands in a record that the peer signed.</param>
/// <param name="Expires">Until when it is believed; while the peer is connected it is believed longer.</param>
public sealed record KnownAddress(Multiaddr Address, bool IsCertified, DateTimeOffset Expires);
