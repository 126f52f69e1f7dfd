namespace P2PMiner.Interop.Tests.Driver;

/// <summary>A scripted peer did not do what was expected; the message carries the last it said.</summary>
internal sealed class PeerException(string message) : Exception(message);
