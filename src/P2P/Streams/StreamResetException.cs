namespace P2PMiner.P2P.Streams;

/// <summary>The stream was reset by one of its ends.</summary>
public sealed class StreamResetException(string message) : IOException(message);
