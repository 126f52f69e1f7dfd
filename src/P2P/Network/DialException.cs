namespace P2PMiner.P2P.Network;

/// <summary>No connection came about; the message says why for each address tried.</summary>
public sealed class DialException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>Whether there were addresses, and the filter of the host (<see cref="HostOptions.DialFilter"/>) allows none of them.</summary>
    public bool IsFiltered { get; init; }
}
