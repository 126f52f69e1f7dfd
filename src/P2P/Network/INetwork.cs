using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Network;

/// <summary>
/// Serves one stream that a remote opened (libp2p/specs, connections/README.md, "Opening New Streams Over a Connection"). When it returns or
/// throws, the stream is disposed (and so reset if it is not closed).
/// </summary>
public delegate Task StreamHandler(PeerStream stream, CancellationToken cancellation);

/// <summary>
/// Peers, connections and streams: all that a protocol such as identify, pubsub or the DHT needs of the host
/// (libp2p/specs, connections/README.md, "Definitions", "Opening New Streams Over a Connection").
/// </summary>
/// <remarks>
/// Events ("Connection Lifecycle Events" of the same document) are raised one after the other in the order in which things happened,
/// and <see cref="Identified"/> of a connection only after its <see cref="ConnectionOpened"/>. Handlers of events must return quickly
/// and must not throw.
/// </remarks>
public interface INetwork
{
    PeerId LocalPeer { get; }

    Ed25519KeyPair Key { get; }

    TimeProvider Time { get; }

    /// <summary>The addresses listened on, with the ports the system gave; wildcard addresses are resolved to those of the interfaces. Without /p2p.</summary>
    IReadOnlyList<Multiaddr> ListenAddresses { get; }

    /// <summary>The protocols served now, sorted, as identify announces them.</summary>
    IReadOnlyList<string> Protocols { get; }

    PeerStore Peers { get; }

    /// <summary>A snapshot of all usable connections.</summary>
    IReadOnlyList<IPeerConnection> Connections { get; }

    /// <summary>A connection became usable. <see cref="PeerConnected"/> comes before it if it is the peer's first.</summary>
    event Action<IPeerConnection>? ConnectionOpened;

    /// <summary>A connection ended. <see cref="PeerDisconnected"/> comes after it if it was the peer's last.</summary>
    event Action<IPeerConnection>? ConnectionClosed;

    event Action<PeerId>? PeerConnected;

    event Action<PeerId>? PeerDisconnected;

    /// <summary>A peer's identify answer or push has been read and the peer store updated.</summary>
    event Action<IdentifiedPeer>? Identified;

    /// <summary><see cref="ListenAddresses"/> or <see cref="Protocols"/> changed.</summary>
    event Action? LocalInfoChanged;

    /// <summary>The connection to use for a peer, or null if there is none.</summary>
    IPeerConnection? FindConnection(PeerId peer);

    /// <summary>The open connection to a peer, or a new one to one of its known addresses.</summary>
    /// <exception cref="DialException">No address known, none answered, or the limits forbid it.</exception>
    ValueTask<IPeerConnection> ConnectAsync(PeerId peer, CancellationToken cancellation = default);

    /// <summary>Connects to an address; with /p2p/ID the remote must prove to be that peer.</summary>
    /// <exception cref="DialException">Not reachable, another identity, or the limits forbid it.</exception>
    ValueTask<IPeerConnection> DialAsync(Multiaddr address, CancellationToken cancellation = default);

    /// <summary>Connects if necessary and opens a stream; errors as of <see cref="ConnectAsync"/> and <see cref="IPeerConnection.OpenStreamAsync"/>.</summary>
    ValueTask<PeerStream> OpenStreamAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellation = default);

    /// <summary>Closes all connections to a peer.</summary>
    ValueTask DisconnectAsync(PeerId peer, CancellationToken cancellation = default);

    /// <summary>Serves a protocol, in place of a former handler; connected peers learn of it by identify push.</summary>
    void Handle(string protocol, StreamHandler handler, HandlerLimits? limits = null);

    /// <summary>Stops serving a protocol; streams under way go on.</summary>
    void Unhandle(string protocol);

    /// <summary>
    /// Says what a peer is worth to the caller: connections of the lowest sum of values are trimmed first. The value 0 takes the tag away.
    /// Kept while the peer is connected.
    /// </summary>
    void SetValue(PeerId peer, string tag, int value);
}
