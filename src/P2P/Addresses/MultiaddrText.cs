using System.Buffers;
using System.Text;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.Addresses;

/// <summary>The text form of multiaddrs: /name/value for each component, /name where there is no value.</summary>
internal static class MultiaddrText
{
    // Each component takes at least one byte and has at most a name of 13 letters; base58 adds less than half to the bytes.
    private const int MaxLength = 16 * Multiaddr.MaxSize;

    /// <summary>The binary form of a text, or null and what is wrong with it.</summary>
    internal static byte[]? Parse(string text, out string? error)
    {
        error = null;
        if (text.Length > MaxLength)
            error = $"an address of {text.Length} characters is too long";
        else if (text.Length < 2 || text[0] != '/')
            error = $"'{text}' is not a multiaddr: it begins with a slash, as in /ip4/127.0.0.1/tcp/9999";
        if (error is not null)
            return null;
        // A slash at the end was once allowed and is still found.
        string[] parts = text[^1] == '/' ? text[1..^1].Split('/') : text[1..].Split('/');
        ArrayBufferWriter<byte> bytes = new();
        for (int i = 0; i < parts.Length && error is null; i++)
            error = ParseComponent(parts, ref i, bytes);
        if (error is null && bytes.WrittenCount > Multiaddr.MaxSize)
            error = $"the address takes {bytes.WrittenCount} bytes: more than {Multiaddr.MaxSize} are refused";
        else if (error is not null)
            error = $"'{text}' is not a multiaddr: {error}";
        return error is null ? bytes.WrittenSpan.ToArray() : null;
    }

    /// <summary>The text of a binary form that is known to be valid.</summary>
    internal static string Write(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new();
        MultiaddrReader reader = new(bytes);
        while (reader.TryRead())
        {
            text.Append('/').Append(reader.Protocol.Name);
            if (reader.Protocol.Size != 0)
                text.Append('/').Append(MultiaddrValue.ToText(reader.Protocol, reader.Value));
        }
        return text.ToString();
    }

    /// <summary>Appends the component at <paramref name="index"/>, which moves on to its value; returns what is wrong.</summary>
    private static string? ParseComponent(string[] parts, ref int index, ArrayBufferWriter<byte> bytes)
    {
        string name = parts[index];
        if (!MultiaddrProtocol.TryFind(name, out MultiaddrProtocol? protocol))
            return $"'{name}' is no protocol that is known here";
        WriteVarint(bytes, protocol.Code);
        if (protocol.Size == 0)
            return null;
        if (++index == parts.Length)
            return $"a value is missing after '{name}'";
        if (MultiaddrValue.FromText(protocol, parts[index]) is not byte[] value)
            return $"'{parts[index]}' is no value of '{name}'";
        if (protocol.Size == MultiaddrProtocol.VariableSize)
            WriteVarint(bytes, (ulong)value.Length);
        bytes.Write(value);
        return null;
    }

    private static void WriteVarint(ArrayBufferWriter<byte> bytes, ulong value) =>
        bytes.Advance(Varint.Write(bytes.GetSpan(Varint.MaxLength), value));
}
