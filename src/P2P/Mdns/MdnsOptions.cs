namespace P2PMiner.P2P.Mdns;

/// <summary>How other hosts of the local network are looked for (libp2p/specs, discovery/mdns.md).</summary>
public sealed record MdnsOptions
{
    /// <summary>The name all libp2p hosts share (discovery/mdns.md, "Definitions").</summary>
    public const string DefaultServiceName = "_p2p._udp.local";

    /// <summary>RFC 6762 §3.</summary>
    public const int DefaultPort = 5353;

    /// <summary>As js-libp2p.</summary>
    public static readonly TimeSpan DefaultQueryInterval = TimeSpan.FromSeconds(10);

    /// <summary>At most 190 characters in labels of up to 63, without a final dot, so that the name of a peer fits before it.</summary>
    internal const int MaxServiceName = 190;

    private readonly string _serviceName = DefaultServiceName;
    private readonly int _port = DefaultPort;
    private readonly TimeSpan _queryInterval = DefaultQueryInterval;

    /// <summary>
    /// Only hosts of the same service name find each other. A private network uses one of its own, such as
    /// "_p2p-45fc986bbc9388a1._udp.local".
    /// </summary>
    /// <exception cref="ArgumentException">Not labels of 1 to 63 printable ASCII characters with dots between, or over 190 in all.</exception>
    public string ServiceName
    {
        get => _serviceName;
        init => _serviceName = DnsName.IsValid(value) && value.Length <= MaxServiceName
            ? value
            : throw new ArgumentException(
                $"'{value}' is no service name: labels of 1 to {DnsName.MaxLabel} letters with dots between", nameof(value));
    }

    /// <summary>UDP port, shared with other programs of this machine that do multicast DNS.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 1 to 65535.</exception>
    public int Port
    {
        get => _port;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, ushort.MaxValue);
            _port = value;
        }
    }

    /// <summary>
    /// Time between queries once those of the start, at doubling distances from one second, are over. A query is left out when
    /// another host has just asked the same.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not between 10 ms and one day.</exception>
    public TimeSpan QueryInterval
    {
        get => _queryInterval;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromMilliseconds(10));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromDays(1));
            _queryInterval = value;
        }
    }

    /// <summary>True to speak on the loopback interface only and to announce nothing but loopback addresses.</summary>
    public bool LoopbackOnly { get; init; }
}
