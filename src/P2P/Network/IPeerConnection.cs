using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Network;

/// <summary>An authenticated, multiplexed connection to one peer (libp2p/specs, connections/README.md, "Definitions").</summary>
public interface IPeerConnection
{
    PeerId RemotePeer { get; }

    /// <summary>The remote's key, proved in the handshake.</summary>
    PublicKey RemoteKey { get; }

    /// <summary>The address dialled, or the one the remote came from; without /p2p.</summary>
    Multiaddr RemoteAddress { get; }

    /// <summary>The local end of the socket; without /p2p.</summary>
    Multiaddr LocalAddress { get; }

    Direction Direction { get; }

    /// <summary>Id of the security protocol, "/noise".</summary>
    string Security { get; }

    /// <summary>Id of the multiplexer, "/yamux/1.0.0".</summary>
    string Multiplexer { get; }

    /// <summary>True if the multiplexer was agreed on inside the Noise handshake.</summary>
    bool EarlyMultiplexer { get; }

    /// <summary>The multiplexers that the remote named in its verified handshake payload.</summary>
    IReadOnlyList<string> RemoteMultiplexers { get; }

    DateTimeOffset Opened { get; }

    /// <summary>Streams that are open in either direction.</summary>
    int StreamCount { get; }

    /// <summary>
    /// The shortest round trip of the last minutes, by the pings of the multiplexer that keep the connection alive; null before the first.
    /// </summary>
    TimeSpan? RoundTrip { get; }

    /// <summary>Cancelled as soon as the connection is no longer usable.</summary>
    CancellationToken Closed { get; }

    /// <summary>Opens a stream for the first of the protocols that the remote accepts.</summary>
    /// <exception cref="UnsupportedProtocolException">The remote accepts none.</exception>
    /// <exception cref="ConnectionClosedException">The connection is gone.</exception>
    /// <exception cref="TimeoutException">No answer within the limit for negotiations.</exception>
    ValueTask<PeerStream> OpenStreamAsync(IReadOnlyList<string> protocols, CancellationToken cancellation = default);

    /// <summary>The round trip of a ping of the multiplexer itself.</summary>
    ValueTask<TimeSpan> PingAsync(CancellationToken cancellation = default);

    /// <summary>Tells the remote and ends the connection.</summary>
    ValueTask CloseAsync(CancellationToken cancellation = default);

    /// <summary>Ends the connection at once, for a remote that misbehaves.</summary>
    /// <param name="reason">One line for the log.</param>
    void Abort(string reason);
}
