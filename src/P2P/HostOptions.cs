using System.Security.Cryptography;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PrivateNetwork;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P;

/// <summary>What a <see cref="Host"/> is and does.</summary>
public sealed record HostOptions
{
    /// <summary>The identity; see <see cref="IdentityFile"/>.</summary>
    public required Ed25519KeyPair Key { get; init; }

    /// <summary>Addresses to listen on; port 0 means any free one, 0.0.0.0 and :: all interfaces. None: the host only dials.</summary>
    public IReadOnlyList<Multiaddr> Listen { get; init; } = [];

    /// <summary>Program and version, told to every peer.</summary>
    public string AgentVersion { get; init; } = "p2p-miner";

    /// <summary>Only hosts with the same key can connect (libp2p/specs, pnet/Private-Networks-PSK-V1.md). Null: open to all.</summary>
    public PreSharedKey? PreSharedKey { get; init; }

    /// <summary>Agree on the multiplexer inside the Noise handshake where the remote does too; saves a round trip.</summary>
    public bool EarlyMultiplexer { get; init; } = true;

    /// <summary>Publish and subscribe over gossipsub; null: the host has none.</summary>
    public PubSubOptions? PubSub { get; init; }

    /// <summary>Take part in a Kademlia DHT; null: the host has none.</summary>
    public DhtOptions? Dht { get; init; }

    /// <summary>Look for hosts of the local network, and be found by them; null: neither.</summary>
    public MdnsOptions? Mdns { get; init; }

    /// <summary>Limits of connections, dials and streams.</summary>
    public ConnectionLimits Limits { get; init; } = new();

    /// <summary>Addresses for which it is false are not dialled; names are looked up before. Null: all may be.</summary>
    public Func<Multiaddr, bool>? DialFilter { get; init; }

    /// <summary>Names for which it is false are not looked up, and addresses with them not dialled. Null: all may be.</summary>
    public Func<string, bool>? NameFilter { get; init; }

    /// <summary>Remote addresses for which it is false are cut off before any handshake. Null: all are let in.</summary>
    public Func<Multiaddr, bool>? InboundFilter { get; init; }

    /// <summary>Peers for which it is false get no connection in either direction. Null: all are welcome.</summary>
    public Func<PeerId, bool>? PeerFilter { get; init; }

    /// <summary>
    /// Asked last, once for each connection that could otherwise be kept, with who it is, where, and who dialled: it is closed where this is
    /// false. Null: all are kept.
    /// </summary>
    public Func<PeerId, Multiaddr, Direction, bool>? ConnectionFilter { get; init; }

    /// <summary>What carries connections; the first that understands an address is used.</summary>
    public IReadOnlyList<ITransport> Transports { get; init; } = [new TcpTransport()];

    /// <summary>The clock of all time-outs and intervals.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>A number from 0 to below 1 per call, for jitter.</summary>
    internal Func<double> Random { get; init; } = static () => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;
}
