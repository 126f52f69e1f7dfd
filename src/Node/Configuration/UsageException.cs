namespace P2PMiner.Node.Configuration;

/// <summary>
/// Bad usage or configuration (exit code 2). The message is one line for the user: what is wrong and what to do.
/// </summary>
internal sealed class UsageException(string message) : Exception(message);
