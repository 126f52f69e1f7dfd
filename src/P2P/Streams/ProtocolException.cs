namespace P2PMiner.P2P.Streams;

/// <summary>The remote broke the rules of a protocol: what it sent is not to be used, and the stream, or connection, is to be ended.</summary>
public sealed class ProtocolException(string message) : IOException(message);
