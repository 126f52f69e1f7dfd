using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.P2P.Addresses;

/// <summary>
/// The protocols that a multiaddr can be made of here, with their codes and the size of their values
/// (github.com/multiformats/multiaddr, protocols.csv). Those that this host does not speak itself are carried for the peers that do.
/// </summary>
internal sealed class MultiaddrProtocol
{
    /// <summary>Value sizes other than a fixed number of bytes.</summary>
    internal const int VariableSize = -1;

    internal static readonly MultiaddrProtocol Ip4 = new(4, "ip4", 4);
    internal static readonly MultiaddrProtocol Tcp = new(6, "tcp", 2);
    internal static readonly MultiaddrProtocol Ip6 = new(41, "ip6", 16);
    internal static readonly MultiaddrProtocol Dns = new(53, "dns", VariableSize);
    internal static readonly MultiaddrProtocol Dns4 = new(54, "dns4", VariableSize);
    internal static readonly MultiaddrProtocol Dns6 = new(55, "dns6", VariableSize);
    internal static readonly MultiaddrProtocol Dnsaddr = new(56, "dnsaddr", VariableSize);
    internal static readonly MultiaddrProtocol Udp = new(273, "udp", 2);
    internal static readonly MultiaddrProtocol P2P = new(421, "p2p", VariableSize);
    internal static readonly MultiaddrProtocol Sni = new(449, "sni", VariableSize);
    internal static readonly MultiaddrProtocol Certhash = new(466, "certhash", VariableSize);

    private static readonly MultiaddrProtocol[] All =
    [
        Ip4, Tcp, Ip6, Dns, Dns4, Dns6, Dnsaddr, Udp, P2P, Sni, Certhash,
        new(280, "webrtc-direct", 0),
        new(281, "webrtc", 0),
        new(290, "p2p-circuit", 0),
        new(443, "https", 0),
        new(448, "tls", 0),
        new(454, "noise", 0),
        new(460, "quic", 0),
        new(461, "quic-v1", 0),
        new(465, "webtransport", 0),
        new(477, "ws", 0),
        new(478, "wss", 0),
        new(480, "http", 0),
    ];

    // The name of p2p before 2018, still found in the text of old addresses; its code is the same.
    private const string LegacyP2PName = "ipfs";

    private static readonly Dictionary<ulong, MultiaddrProtocol> ByCode = All.ToDictionary(static protocol => protocol.Code);
    private static readonly Dictionary<string, MultiaddrProtocol> ByName =
        All.ToDictionary(static protocol => protocol.Name, StringComparer.Ordinal);

    private MultiaddrProtocol(ulong code, string name, int size)
    {
        Code = code;
        Name = name;
        Size = size;
    }

    internal ulong Code { get; }

    internal string Name { get; }

    /// <summary>Bytes of value, or <see cref="VariableSize"/> where a length stands in front of it.</summary>
    internal int Size { get; }

    internal bool IsDns => this == Dns || this == Dns4 || this == Dns6 || this == Dnsaddr;

    internal static bool TryFind(ulong code, [NotNullWhen(true)] out MultiaddrProtocol? protocol) => ByCode.TryGetValue(code, out protocol);

    internal static bool TryFind(string name, [NotNullWhen(true)] out MultiaddrProtocol? protocol) =>
        ByName.TryGetValue(name == LegacyP2PName ? P2P.Name : name, out protocol);
}
