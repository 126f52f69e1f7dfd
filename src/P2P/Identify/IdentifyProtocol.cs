namespace P2PMiner.P2P.Identify;

/// <summary>Ids and bounds (libp2p/specs, identify/README.md; the bounds are those of js-libp2p and go-libp2p).</summary>
internal static class IdentifyProtocol
{
    internal const string Id = "/ipfs/id/1.0.0";

    internal const string PushId = "/ipfs/id/push/1.0.0";

    /// <summary>The family of protocols that js-libp2p and go-libp2p name.</summary>
    internal const string ProtocolVersion = "ipfs/0.1.0";

    /// <summary>Messages read from one stream; they are merged.</summary>
    internal const int MaxMessages = 10;

    /// <summary>Bytes of one message.</summary>
    internal const int MaxMessageSize = 8 * 1024;

    /// <summary>Our own messages stay below it: rust-libp2p takes no more.</summary>
    internal const int MaxOwnMessageSize = 4 * 1024;

    /// <summary>Protocols taken from one peer.</summary>
    internal const int MaxProtocols = 1024;

    /// <summary>Characters of a protocol id or a version; what is longer is left out or cut.</summary>
    internal const int MaxTextLength = 256;

    /// <summary>Addresses taken from one peer.</summary>
    internal const int MaxAddresses = 64;

    /// <summary>Addresses that we announce.</summary>
    internal const int MaxOwnAddresses = 16;

    /// <summary>For one identification. As js-libp2p.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
}
