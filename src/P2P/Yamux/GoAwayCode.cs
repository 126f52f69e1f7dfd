namespace P2PMiner.P2P.Yamux;

/// <summary>Why a session ends (libp2p/specs, yamux/README.md, "Session termination"). Remotes may send other numbers too.</summary>
internal enum GoAwayCode : uint
{
    Normal = 0,
    ProtocolError = 1,
    InternalError = 2,
}
