namespace P2PMiner.P2P.Yamux;

/// <summary>Flags of a frame (libp2p/specs, yamux/README.md, "Flag Field"); they stand on data frames and window updates alike.</summary>
[Flags]
internal enum FrameFlags : ushort
{
    None = 0,
    Syn = 1,
    Ack = 2,
    Fin = 4,
    Rst = 8,
}
