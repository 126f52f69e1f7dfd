using System.Diagnostics.CodeAnalysis;
using System.Net;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Addresses;

/// <summary>A self-describing network address such as /ip4/192.168.1.7/tcp/9999/p2p/12D3KooW… (github.com/multiformats/multiaddr).</summary>
public sealed class Multiaddr : IEquatable<Multiaddr>
{
    private readonly string _text;

    private Multiaddr(string text) => _text = text;

    /// <summary>The binary form.</summary>
    public ReadOnlyMemory<byte> Bytes => throw new NotSupportedException("being written");

    /// <summary>The peer of the last /p2p component, or null.</summary>
    public PeerId? Peer => throw new NotSupportedException("being written");

    /// <summary>The address of /ip4 or /ip6 with the port of /tcp if it begins with these, else null.</summary>
    public IPEndPoint? TcpEndPoint => throw new NotSupportedException("being written");

    /// <exception cref="FormatException">Not a multiaddr; the message says what is wrong with it.</exception>
    public static Multiaddr Parse(string text) => new(text);

    public static bool TryParse(string? text, [NotNullWhen(true)] out Multiaddr? address)
    {
        address = text is null ? null : new(text);
        return address is not null;
    }

    /// <summary>Decodes the binary form of an address from the network; false if any part of it is malformed or unknown.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Multiaddr? address) =>
        throw new NotSupportedException("being written");

    /// <summary>/ip4 or /ip6 (with zone left out) and /tcp.</summary>
    public static Multiaddr FromTcp(IPEndPoint endPoint) => throw new NotSupportedException("being written");

    /// <summary>This address with /p2p/ID at its end; unchanged if it has that.</summary>
    public Multiaddr WithPeer(PeerId peer) => throw new NotSupportedException("being written");

    /// <summary>This address without a trailing /p2p/ID.</summary>
    public Multiaddr WithoutPeer() => throw new NotSupportedException("being written");

    public bool Equals(Multiaddr? other) => other is not null && _text == other._text;

    public override bool Equals(object? obj) => Equals(obj as Multiaddr);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => _text;
}
