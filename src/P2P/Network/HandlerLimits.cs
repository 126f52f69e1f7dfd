namespace P2PMiner.P2P.Network;

/// <summary>How many streams of one protocol a connection may have open at once.</summary>
/// <param name="Inbound">Opened by the remote; one more is reset.</param>
/// <param name="Outbound">Opened by us; one more fails.</param>
public sealed record HandlerLimits(int Inbound = HandlerLimits.DefaultInbound, int Outbound = HandlerLimits.DefaultOutbound)
{
    /// <summary>As js-libp2p's default per protocol.</summary>
    public const int DefaultInbound = 32;

    /// <summary>As js-libp2p's default per protocol.</summary>
    public const int DefaultOutbound = 64;
}
