using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>
/// A handshake proved who the remote is; the multiplexer may still have to be agreed on (libp2p/specs, connections/README.md, "Upgrading
/// Connections"; early: connections/inlined-muxer-negotiation.md, "Multiplexer Negotiation over Noise").
/// </summary>
/// <param name="RemotePeer">The remote.</param>
/// <param name="Direction">Who dialled.</param>
/// <param name="Security">Id of the security protocol, "/noise".</param>
/// <param name="EarlyMultiplexer">True if the multiplexer was agreed on inside the handshake.</param>
/// <param name="RemoteMultiplexers">The multiplexers that the remote named in its verified payload.</param>
public sealed record SecuredConnection(
    PeerId RemotePeer,
    Direction Direction,
    string Security,
    bool EarlyMultiplexer,
    IReadOnlyList<string> RemoteMultiplexers);
