namespace P2PMiner.P2P.Yamux;

/// <summary>Limits of one multiplexed connection.</summary>
internal sealed record YamuxOptions
{
    /// <summary>Streams that the remote may have open; one more is reset. As in js-libp2p and go-libp2p.</summary>
    internal int MaxInboundStreams { get; init; } = 1000;

    /// <summary>Streams that we may have open; one more fails. As much as js-libp2p accepts.</summary>
    internal int MaxOutboundStreams { get; init; } = 1000;

    /// <summary>Up to where a receive window grows, in bytes. As in js-libp2p and go-libp2p.</summary>
    internal int MaxWindow { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes received but not read, and window growth granted, that one connection may take.</summary>
    internal long ConnectionMemory { get; init; } = 32 * 1024 * 1024;

    /// <summary>Time between pings that measure the round trip and keep middle boxes awake. As in js-libp2p and go-libp2p.</summary>
    internal TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A remote to which nothing at all could be written for so long is cut off.</summary>
    internal TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A remote that sends nothing at all for so long after a ping is taken for dead.</summary>
    internal TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);
}
