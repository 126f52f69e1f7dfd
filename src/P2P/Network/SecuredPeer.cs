using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>Who a Noise handshake proved the remote to be, and what it offered there.</summary>
internal sealed record SecuredPeer(PeerId Peer, PublicKey Key, bool EarlyMultiplexer, IReadOnlyList<string> Multiplexers);
