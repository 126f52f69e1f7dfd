using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.Addresses;

/// <summary>The value of one component of a multiaddr, between its bytes and its text.</summary>
internal static class MultiaddrValue
{
    /// <summary>The longest name of a host in DNS (RFC 1035, section 2.3.4).</summary>
    private const int MaxNameLength = 253;

    /// <summary>True if the bytes are a value of this protocol; their number is right already where it is fixed.</summary>
    internal static bool IsValid(MultiaddrProtocol protocol, ReadOnlySpan<byte> value)
    {
        if (protocol.Size != MultiaddrProtocol.VariableSize)
            return value.Length == protocol.Size;
        if (protocol == MultiaddrProtocol.P2P)
            return PeerId.IsWellFormed(value);
        if (protocol == MultiaddrProtocol.Certhash)
            return Multihash.TryDecode(value, out _);
        return IsName(value);
    }

    internal static string ToText(MultiaddrProtocol protocol, ReadOnlySpan<byte> value)
    {
        if (protocol == MultiaddrProtocol.Ip4 || protocol == MultiaddrProtocol.Ip6)
            return new IPAddress(value).ToString();
        if (protocol == MultiaddrProtocol.Tcp || protocol == MultiaddrProtocol.Udp)
            return BinaryPrimitives.ReadUInt16BigEndian(value).ToString(CultureInfo.InvariantCulture);
        if (protocol == MultiaddrProtocol.P2P)
            return Multibase.EncodeBase58(value);
        return protocol == MultiaddrProtocol.Certhash ? Multibase.EncodeBase64Url(value) : Encoding.ASCII.GetString(value);
    }

    /// <summary>The bytes of a value, or null if the text is none.</summary>
    internal static byte[]? FromText(MultiaddrProtocol protocol, string text)
    {
        if (protocol == MultiaddrProtocol.Ip4)
            return ParseIp4(text);
        if (protocol == MultiaddrProtocol.Ip6)
            return ParseIp6(text);
        if (protocol == MultiaddrProtocol.Tcp || protocol == MultiaddrProtocol.Udp)
            return ParsePort(text);
        if (protocol == MultiaddrProtocol.P2P)
            return PeerId.TryParse(text, out PeerId? peer) ? peer.Bytes.ToArray() : null;
        byte[]? value = null;
        if (protocol == MultiaddrProtocol.Certhash)
            return Multibase.TryDecode(text, out value) && IsValid(protocol, value) ? value : null;
        if (text.Length <= MaxNameLength && Ascii.IsValid(text))
            value = Encoding.ASCII.GetBytes(text);
        return value is not null && IsName(value) ? value : null;
    }

    /// <summary>
    /// Printable ASCII without a slash, which would break up the text. Underscores and the like are DNS's business, not ours.
    /// </summary>
    private static bool IsName(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= MaxNameLength && !name.ContainsAnyExceptInRange((byte)'!', (byte)'~') && !name.Contains((byte)'/');

    private static byte[]? ParseIp4(string text)
    {
        // The framework also reads "127.1" and octal numbers; only four decimal ones come out as they went in.
        return !text.Contains(':', StringComparison.Ordinal) && IPAddress.TryParse(text, out IPAddress? address) && address.ToString() == text
            ? address.GetAddressBytes()
            : null;
    }

    private static byte[]? ParseIp6(string text)
    {
        bool plain = text.Contains(':', StringComparison.Ordinal) && !text.AsSpan().ContainsAny("%[]");
        return plain && IPAddress.TryParse(text, out IPAddress? address) ? address.GetAddressBytes() : null;
    }

    private static byte[]? ParsePort(string text)
    {
        if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            return null;
        byte[] value = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(value, port);
        return value;
    }
}
