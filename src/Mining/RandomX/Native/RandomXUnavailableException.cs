namespace P2PMiner.Mining.RandomX.Native;

/// <summary>
/// An engine cannot be used: librandomx is not installed or not loadable, or what it computes is not RandomX v1. The message
/// is one line that says what to do.
/// </summary>
public sealed class RandomXUnavailableException(string message) : Exception(message);
