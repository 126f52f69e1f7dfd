namespace P2PMiner.P2P.Streams;

/// <summary>The stream was reset by one of its ends (libp2p/specs, yamux/README.md, "Flag Field", RST).</summary>
public sealed class StreamResetException(string message) : IOException(message);
