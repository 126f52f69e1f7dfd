namespace P2PMiner.Peer;

/// <summary>A command line that cannot be followed; the message names the option.</summary>
internal sealed class BadOptionException(string message) : Exception(message);
