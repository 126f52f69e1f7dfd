using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht;

/// <summary>
/// A peer as others describe it (libp2p/specs, kad-dht/README.md, "RPC messages", Peer): nothing of it is verified before a connection was made.
/// </summary>
/// <param name="Peer">Its id.</param>
/// <param name="Addresses">Without /p2p; may be empty.</param>
public sealed record DhtPeer(PeerId Peer, IReadOnlyList<Multiaddr> Addresses);
