namespace P2PMiner.P2P.Network;

/// <summary>
/// All limits of connections, dials and streams (libp2p/specs, connections/README.md, "Connection Limits"). "js" is js-libp2p
/// 3.3, "go" go-libp2p 0.42. A host is an IPv4 address or the /64 of an IPv6 address.
/// </summary>
public sealed record ConnectionLimits
{
    /// <summary>Connections in total; one more takes the place of the least valuable one, or is refused. As js.</summary>
    public int MaxConnections { get; init => field = AtLeastOne(value); } = 300;

    /// <summary>
    /// Of these, connections that others dialled, so that nobody can keep us from dialling. Null: all but an eighth of
    /// <see cref="MaxConnections"/>, which leaves room for a full mesh and a lookup of the DHT.
    /// </summary>
    public int? MaxInboundConnections { get; init => field = AtLeastOne(value); }

    /// <summary>Connections with one peer. As go.</summary>
    public int MaxConnectionsPerPeer { get; init => field = AtLeastOne(value); } = 8;

    /// <summary>Connections that one remote host may hold with us; several machines may stand behind one address translation.</summary>
    public int MaxInboundPerHost { get; init => field = AtLeastOne(value); } = 32;

    /// <summary>Connections that one remote host may make per second, and at once after a pause. Js allows 5.</summary>
    public int InboundRatePerHost { get; init => field = AtLeastOne(value); } = 10;

    /// <summary>Inbound connections whose handshake is under way.</summary>
    public int MaxPendingInbound { get; init => field = AtLeastOne(value); } = 256;

    /// <summary>The same from one remote host. As js has in total.</summary>
    public int MaxPendingInboundPerHost { get; init => field = AtLeastOne(value); } = 10;

    /// <summary>Whether the three limits per host count loopback too: several nodes, or a test's hundreds, may share it. As go, no.</summary>
    public bool LimitLoopback { get; init; }

    /// <summary>A younger connection is not trimmed: its peer had no time to show its worth. As go.</summary>
    public TimeSpan TrimGrace { get; init => field = Positive(value); } = TimeSpan.FromSeconds(20);

    /// <summary>A second connection with one peer that is not the preferred one is closed when it is so old and carries no stream.</summary>
    public TimeSpan SurplusGrace { get; init => field = Positive(value); } = TimeSpan.FromSeconds(2);

    /// <summary>Dials of peers or addresses under way; one more fails. As js.</summary>
    public int MaxDials { get; init => field = AtLeastOne(value); } = 100;

    /// <summary>Addresses of a peer that are tried. As js.</summary>
    public int MaxAddressesPerDial { get; init => field = AtLeastOne(value); } = 25;

    /// <summary>Addresses of a peer that are tried at the same time.</summary>
    public int MaxParallelAddresses { get; init => field = AtLeastOne(value); } = 8;

    /// <summary>How long an address has the field for itself before the next one is tried beside it (RFC 8305, section 5).</summary>
    public TimeSpan DialStagger { get; init => field = Positive(value); } = TimeSpan.FromMilliseconds(250);

    /// <summary>Until a dial gives up on a peer. As js.</summary>
    public TimeSpan DialTimeout { get; init => field = Positive(value); } = TimeSpan.FromSeconds(10);

    /// <summary>Until a dial gives up on one address, handshakes included. As js.</summary>
    public TimeSpan AddressTimeout { get; init => field = Positive(value); } = TimeSpan.FromSeconds(6);

    /// <summary>An address that failed is left alone for so long, twice as long after each further failure.</summary>
    public TimeSpan BackoffBase { get; init => field = Positive(value); } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time that a failed address is left alone.</summary>
    public TimeSpan BackoffMax { get; init => field = Positive(value); } = TimeSpan.FromMinutes(5);

    /// <summary>For all handshakes of an inbound connection together. As js.</summary>
    public TimeSpan InboundUpgradeTimeout { get; init => field = Positive(value); } = TimeSpan.FromSeconds(10);

    /// <summary>For each step of a handshake.</summary>
    public TimeSpan UpgradeStepTimeout { get; init => field = Positive(value); } = TimeSpan.FromSeconds(5);

    /// <summary>For agreeing on the protocol of a stream. As js.</summary>
    public TimeSpan NegotiationTimeout { get; init => field = Positive(value); } = TimeSpan.FromSeconds(10);

    /// <summary>For telling the remote that a connection ends; then it is cut. As js.</summary>
    public TimeSpan CloseTimeout { get; init => field = Positive(value); } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Streams open in total, over all connections; one more is reset or fails. Half of them are set aside, in equal parts for as many peers
    /// as there may be connections, so that a few peers do not take all.
    /// </summary>
    public int MaxStreams { get; init => field = AtLeastOne(value); } = 16_384;

    /// <summary>Streams that one connection may have open in each direction. As js.</summary>
    public int MaxStreamsPerConnection { get; init => field = AtLeastOne(value); } = 1000;

    /// <summary>
    /// Streams that one peer may have open in each direction, over all connections with it. Null: half as many again as
    /// <see cref="MaxStreamsPerConnection"/>, as those that end on one connection may still be at work when the next ones come.
    /// </summary>
    public int? MaxStreamsPerPeer { get; init => field = AtLeastOne(value); }

    /// <summary>Streams of one connection that agree on their protocols at the same time; the next ones wait for their turn, as long as a negotiation may take.</summary>
    public int MaxNegotiationsPerConnection { get; init => field = AtLeastOne(value); } = 128;

    /// <summary>Bytes received and not read, and windows granted, over all connections.</summary>
    public long MaxStreamMemory { get; init => field = AtLeastOne(value); } = 256L * 1024 * 1024;

    /// <summary>The same over all connections with one peer: two that take all that one may take.</summary>
    public long MaxStreamMemoryPerPeer { get; init => field = AtLeastOne(value); } = 64L * 1024 * 1024;

    /// <summary><see cref="MaxStreamsPerPeer"/>, or what null means.</summary>
    internal int StreamsPerPeer => MaxStreamsPerPeer ?? MaxStreamsPerConnection + (MaxStreamsPerConnection / 2);

    /// <summary><see cref="MaxInboundConnections"/>, or what null means.</summary>
    internal int InboundConnections => MaxInboundConnections ?? MaxConnections - (MaxConnections / 8);

    private static int AtLeastOne(int value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        return value;
    }

    private static long AtLeastOne(long value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        return value;
    }

    private static int? AtLeastOne(int? value) => value is { } number ? AtLeastOne(number) : null;

    private static TimeSpan Positive(TimeSpan value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
        return value;
    }
}
