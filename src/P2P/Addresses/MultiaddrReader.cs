using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.Addresses;

/// <summary>Walks over the components of a multiaddr in binary form: code, length where it varies, value.</summary>
internal ref struct MultiaddrReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Where the component read last begins.</summary>
    internal int Start { get; private set; }

    /// <summary>Where it ends, and the next one begins.</summary>
    internal int End { get; private set; }

    /// <summary>Its protocol, after a read that was successful.</summary>
    internal MultiaddrProtocol Protocol { get; private set; } = null!;

    internal ReadOnlySpan<byte> Value { get; private set; }

    internal readonly bool AtEnd => End == _bytes.Length;

    /// <summary>Reads the next component; false if it is malformed, unknown, or there is none.</summary>
    internal bool TryRead()
    {
        Start = End;
        ReadOnlySpan<byte> rest = _bytes[End..];
        if (!TryReadVarint(ref rest, out ulong code) || !MultiaddrProtocol.TryFind(code, out MultiaddrProtocol? protocol))
            return false;
        ulong size = (ulong)protocol.Size;
        if (protocol.Size == MultiaddrProtocol.VariableSize && !TryReadVarint(ref rest, out size))
            return false;
        if (size > (ulong)rest.Length || !MultiaddrValue.IsValid(protocol, rest[..(int)size]))
            return false;
        Protocol = protocol;
        Value = rest[..(int)size];
        End = _bytes.Length - rest.Length + (int)size;
        return true;
    }

    private static bool TryReadVarint(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        if (Varint.Read(rest, out value, out int consumed) != VarintStatus.Done)
            return false;
        rest = rest[consumed..];
        return true;
    }
}
