namespace P2PMiner.P2P.Streams;

/// <summary>The connection ended, or was ended because the remote broke a protocol; the message says which and why.</summary>
public sealed class ConnectionClosedException(string message, Exception? inner = null) : IOException(message, inner);
