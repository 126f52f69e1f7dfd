using P2PMiner.P2P.Addresses;

namespace P2PMiner.P2P.Transport;

/// <summary>
/// Accepts connections at one address (libp2p/specs, connections/README.md, "Definitions"); disposing it ends a pending accept.
/// </summary>
public interface ITransportListener : IAsyncDisposable
{
    /// <summary>The address with the port that the system gave.</summary>
    Multiaddr Address { get; }

    /// <returns>The next connection, or null when the listener is disposed.</returns>
    ValueTask<ITransportConnection?> AcceptAsync(CancellationToken cancellation);
}
