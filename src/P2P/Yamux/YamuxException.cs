namespace P2PMiner.P2P.Yamux;

/// <summary>The remote broke the protocol or one of its rates; the message says what it sent. The session ends.</summary>
internal sealed class YamuxException(string message) : IOException(message);
