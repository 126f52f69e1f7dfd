namespace P2PMiner.P2P.Yamux;

/// <summary>Kinds of frames, with their numbers on the wire (libp2p/specs, yamux/README.md, "Type Field").</summary>
internal enum FrameType : byte
{
    Data = 0,
    WindowUpdate = 1,
    Ping = 2,
    GoAway = 3,
}
