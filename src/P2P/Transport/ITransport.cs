using P2PMiner.P2P.Addresses;

namespace P2PMiner.P2P.Transport;

/// <summary>
/// Carries bytes between two addresses (libp2p/specs, connections/README.md, "Definitions"): TCP, or memory in tests. (Relayed connections
/// would be one more.)
/// </summary>
public interface ITransport
{
    /// <summary>True if this transport understands the address.</summary>
    bool Handles(Multiaddr address);

    /// <exception cref="IOException">Not reachable.</exception>
    ValueTask<ITransportConnection> DialAsync(Multiaddr address, CancellationToken cancellation);

    /// <exception cref="IOException">The address cannot be listened on; the message says why.</exception>
    ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellation);
}
