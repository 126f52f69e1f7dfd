using P2PMiner.P2P.Addresses;

namespace P2PMiner.P2P.Transport;

/// <summary>
/// A raw connection, nothing negotiated yet (libp2p/specs, connections/README.md, "Upgrading Connections"). Disposing it closes the socket.
/// </summary>
public interface ITransportConnection : IAsyncDisposable
{
    /// <summary>The bytes, both ways; asynchronous members only.</summary>
    Stream Stream { get; }

    Multiaddr LocalAddress { get; }

    Multiaddr RemoteAddress { get; }

    /// <summary>Closes at once, with a TCP reset where there is one.</summary>
    void Abort();
}
