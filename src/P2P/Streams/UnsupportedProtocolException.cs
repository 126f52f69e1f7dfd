namespace P2PMiner.P2P.Streams;

/// <summary>The remote offers none of the protocols asked for; the connection is unharmed.</summary>
public sealed class UnsupportedProtocolException(string message) : IOException(message);
