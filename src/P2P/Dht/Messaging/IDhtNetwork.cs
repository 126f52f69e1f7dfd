using System.Net;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Messaging;

/// <summary>All that the algorithms of the DHT need of a network.</summary>
internal interface IDhtNetwork
{
    PeerId LocalPeer { get; }

    /// <summary>Our own addresses as others may dial them, within the scope.</summary>
    IReadOnlyList<Multiaddr> LocalAddresses { get; }

    bool IsConnected(PeerId peer);

    /// <summary>What is known of a peer's addresses, within the scope.</summary>
    IReadOnlyList<Multiaddr> AddressesOf(PeerId peer);

    /// <summary>What the peer counts against in the table's limit per group of addresses.</summary>
    IPAddress? GroupOf(PeerId peer);

    /// <summary>False if the peer is connected and known not to serve the protocol.</summary>
    bool MayServe(PeerId peer);

    /// <summary>Remembers addresses that others told, for a while.</summary>
    void Learn(PeerId peer, IReadOnlyList<Multiaddr> addresses, TimeSpan lifetime);

    /// <summary>Sends a request, over a new connection if need be, and reads its answer.</summary>
    /// <exception cref="IOException">Not reachable, refused, or the connection broke.</exception>
    /// <exception cref="InvalidDataException">The answer is malformed or belongs to another request.</exception>
    ValueTask<DhtMessage> RequestAsync(PeerId peer, DhtMessage request, CancellationToken cancellation);

    /// <summary>Sends a message that has no answer and, where the remote shows it, waits until it has been taken.</summary>
    /// <exception cref="IOException">Not reachable, refused, or the connection broke.</exception>
    ValueTask SendAsync(PeerId peer, DhtMessage message, CancellationToken cancellation);

    /// <summary>Connects to a bootstrap address; identify tells whether it serves the protocol.</summary>
    /// <exception cref="IOException">Not reachable.</exception>
    ValueTask ConnectAsync(Multiaddr address, CancellationToken cancellation);

    /// <summary>Says what a connection to a peer is worth to the DHT; 0 = nothing.</summary>
    void SetValue(PeerId peer, int value);
}
