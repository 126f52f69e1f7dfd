namespace P2PMiner.P2P.Streams;

/// <summary>
/// The connection ended, as by a Go Away (libp2p/specs, yamux/README.md, "Session termination"), or was ended because the remote broke a
/// protocol; the message says which and why.
/// </summary>
public sealed class ConnectionClosedException(string message, Exception? inner = null) : IOException(message, inner);
