namespace P2PMiner.Peer;

/// <summary>A command line that cannot be followed; the message names the option.</summary>
/// <param name="message">One line.</param>
/// <param name="isKey">It is a key that is bad.</param>
internal sealed class BadOptionException(string message, bool isKey = false) : Exception(message)
{
    public bool IsKey => isKey;
}
