using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PrivateNetwork;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Network;

/// <summary>What a <see cref="Swarm"/> is made of.</summary>
internal sealed record SwarmOptions
{
    internal required Ed25519KeyPair Key { get; init; }

    internal required TimeProvider Time { get; init; }

    internal required IReadOnlyList<ITransport> Transports { get; init; }

    internal required ConnectionLimits Limits { get; init; }

    internal IReadOnlyList<Multiaddr> Listen { get; init; } = [];

    internal PreSharedKey? PreSharedKey { get; init; }

    internal bool EarlyMultiplexer { get; init; } = true;

    /// <summary>Addresses for which it is false are not dialled.</summary>
    internal Func<Multiaddr, bool>? DialFilter { get; init; }

    /// <summary>Names for which it is false are not looked up.</summary>
    internal Func<string, bool>? NameFilter { get; init; }

    /// <summary>Remote addresses for which it is false are cut before any handshake.</summary>
    internal Func<Multiaddr, bool>? InboundFilter { get; init; }

    /// <summary>Peers for which it is false get no connection in either direction.</summary>
    internal Func<PeerId, bool>? PeerFilter { get; init; }

    /// <summary>Connections for which it is false are not kept; asked last.</summary>
    internal Func<PeerId, Multiaddr, Direction, bool>? ConnectionFilter { get; init; }

    /// <summary>A number from 0 to below 1 per call, for jitter.</summary>
    internal required Func<double> Random { get; init; }
}
