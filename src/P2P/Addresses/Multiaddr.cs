using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Addresses;

/// <summary>
/// A self-describing network address such as /ip4/192.168.1.7/tcp/9999/p2p/12D3KooW… (github.com/multiformats/multiaddr; for its use
/// libp2p/specs, addressing/README.md). Immutable; equal if the binary forms are.
/// </summary>
/// <remarks>
/// Protocols that this host does not speak, such as quic-v1, ws or p2p-circuit, are understood as parts of an address, so that it can be
/// passed on. Zones of IPv6 addresses (/ip6zone) are refused: they mean something on one host only.
/// </remarks>
public sealed class Multiaddr : IEquatable<Multiaddr>
{
    /// <summary>The longest binary form taken, in bytes. No address in use comes near it.</summary>
    public const int MaxSize = 1024;

    private readonly byte[] _bytes;
    private readonly int _peerOffset;
    private string? _text;

    private Multiaddr(byte[] bytes)
        : this(bytes, Read(bytes))
    {
    }

    private Multiaddr(byte[] bytes, MultiaddrShape shape)
    {
        _bytes = bytes;
        _peerOffset = shape.EndsWithPeer ? shape.LastStart : bytes.Length;
        Peer = shape.Peer;
        IsTcp = shape.IsTcp;
        HasDns = shape.HasDns;
        Host = shape.Host;
        IPAddress = shape.Address;
        TcpPort = shape.TcpPort;
    }

    /// <summary>The binary form.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>The peer of the last /p2p component, or null.</summary>
    public PeerId? Peer { get; }

    /// <summary>True if it is reached by plain TCP: a host (ip4, ip6, dns, dns4, dns6), a port, perhaps a peer, and nothing else.</summary>
    public bool IsTcp { get; }

    /// <summary>True if any part of it is to be looked up in DNS: dns, dns4, dns6 or dnsaddr.</summary>
    public bool HasDns { get; }

    /// <summary>True if it is a name whose TXT records tell addresses, /dnsaddr, perhaps with a peer, and nothing else.</summary>
    public bool IsDnsaddr
    {
        get
        {
            MultiaddrReader reader = new(_bytes);
            return reader.TryRead() && reader.Protocol == MultiaddrProtocol.Dnsaddr && reader.End == _peerOffset;
        }
    }

    /// <summary>The name of a leading dns, dns4, dns6 or dnsaddr component, else null.</summary>
    public string? Host { get; }

    /// <summary>The address of a leading /ip4 or /ip6, else null.</summary>
    public IPAddress? IPAddress { get; }

    /// <summary>The port of the /tcp that follows the first component, else null.</summary>
    public int? TcpPort { get; }

    /// <summary>The address of /ip4 or /ip6 with the port of /tcp if it begins with these, else null.</summary>
    public IPEndPoint? TcpEndPoint => IPAddress is not null && TcpPort is int port ? new IPEndPoint(IPAddress, port) : null;

    /// <summary>True if it begins with an address of this machine itself: 127.0.0.0/8, ::1, or the former written as IPv6.</summary>
    public bool IsLoopback => IPAddress is not null && IpAddresses.Scope(IPAddress) == IpScope.Loopback;

    /// <summary>
    /// True if it begins with an address that is not reached from the internet: <see cref="IpScope.Loopback"/>,
    /// <see cref="IpScope.LinkLocal"/> or <see cref="IpScope.Private"/>. False for names.
    /// </summary>
    public bool IsPrivate => IPAddress is not null && IpAddresses.Scope(IPAddress) <= IpScope.Private;

    /// <exception cref="FormatException">Not a multiaddr; the message says what is wrong with it.</exception>
    public static Multiaddr Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        byte[]? bytes = MultiaddrText.Parse(text, out string? error);
        return bytes is not null ? new Multiaddr(bytes) : throw new FormatException(error);
    }

    /// <summary>As <see cref="Parse"/>, without saying why.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Multiaddr? address)
    {
        byte[]? bytes = text is null ? null : MultiaddrText.Parse(text, out _);
        address = bytes is not null ? new Multiaddr(bytes) : null;
        return address is not null;
    }

    /// <summary>
    /// Decodes the binary form of an address from the network; false if any part of it is malformed or unknown. An address that is
    /// refused is no reason to refuse the message it came in: newer peers know protocols that are unknown here.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Multiaddr? address)
    {
        address = null;
        if (bytes.Length is 0 or > MaxSize)
            return false;
        MultiaddrReader reader = new(bytes);
        MultiaddrShape shape = new();
        while (reader.TryRead())
            shape.Add(ref reader);
        if (!reader.AtEnd)
            return false;
        address = new Multiaddr(bytes.ToArray(), shape);
        return true;
    }

    /// <summary>/ip4 or /ip6 (with zone left out) and /tcp. An IPv4 address that came as IPv6 is written as IPv4.</summary>
    public static Multiaddr FromTcp(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        Span<byte> port = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(port, (ushort)endPoint.Port);
        return new Multiaddr([.. HostBytes(endPoint.Address), (byte)MultiaddrProtocol.Tcp.Code, .. port]);
    }

    /// <summary>
    /// This address with /p2p/ID at its end, in place of another that may stand there. It may exceed <see cref="MaxSize"/> by that.
    /// </summary>
    public Multiaddr WithPeer(PeerId peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        if (_peerOffset < _bytes.Length && peer.Equals(Peer))
            return this;
        Span<byte> header = stackalloc byte[2 * Varint.MaxLength];
        int size = Varint.Write(header, MultiaddrProtocol.P2P.Code);
        size += Varint.Write(header[size..], (ulong)peer.Bytes.Length);
        return new Multiaddr([.. _bytes.AsSpan(0, _peerOffset), .. header[..size], .. peer.Bytes]);
    }

    /// <summary>This address without a trailing /p2p/ID; unchanged if it is nothing else.</summary>
    public Multiaddr WithoutPeer() => _peerOffset == _bytes.Length || _peerOffset == 0 ? this : new Multiaddr(_bytes[.._peerOffset]);

    /// <summary>This address with its first component, such as a name that was looked up, replaced by /ip4 or /ip6.</summary>
    public Multiaddr WithHost(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        MultiaddrReader reader = new(_bytes);
        _ = reader.TryRead();
        return new Multiaddr([.. HostBytes(address), .. _bytes.AsSpan(reader.End)]);
    }

    public bool Equals(Multiaddr? other) =>
        ReferenceEquals(this, other) || (other is not null && _bytes.AsSpan().SequenceEqual(other._bytes));

    public override bool Equals(object? obj) => Equals(obj as Multiaddr);

    public override int GetHashCode()
    {
        HashCode code = new();
        code.AddBytes(_bytes);
        return code.ToHashCode();
    }

    public override string ToString() => _text ??= MultiaddrText.Write(_bytes);

    private static MultiaddrShape Read(byte[] bytes)
    {
        MultiaddrReader reader = new(bytes);
        MultiaddrShape shape = new();
        while (reader.TryRead())
            shape.Add(ref reader);
        return shape;
    }

    private static byte[] HostBytes(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        MultiaddrProtocol protocol = address.AddressFamily == AddressFamily.InterNetwork ? MultiaddrProtocol.Ip4 : MultiaddrProtocol.Ip6;
        return [(byte)protocol.Code, .. address.GetAddressBytes()];
    }
}
