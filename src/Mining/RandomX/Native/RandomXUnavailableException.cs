namespace P2PMiner.Mining.RandomX.Native;

/// <summary>
/// librandomx cannot be used: not installed, not loadable, or not computing RandomX v1. The message is one line that
/// says what to do.
/// </summary>
public sealed class RandomXUnavailableException(string message) : Exception(message);
