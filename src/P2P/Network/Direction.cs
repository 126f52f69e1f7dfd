namespace P2PMiner.P2P.Network;

/// <summary>Who began a connection or a stream.</summary>
public enum Direction
{
    /// <summary>The remote did.</summary>
    Inbound,

    /// <summary>We did.</summary>
    Outbound,
}
