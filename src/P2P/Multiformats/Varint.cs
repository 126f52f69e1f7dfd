namespace P2PMiner.P2P.Multiformats;

/// <summary>Unsigned varints, canonical only and up to 63 bits (multiformats/unsigned-varint).</summary>
public static class Varint
{
    /// <summary>The longest encoding in bytes.</summary>
    public const int MaxLength = 9;

    /// <summary>The number of bytes that <paramref name="value"/> takes, 1 to 9.</summary>
    public static int Length(ulong value)
    {
        int length = 1;
        for (; value >= 0x80; value >>= 7)
            length++;
        return length;
    }

    /// <summary>Writes a value and returns the number of bytes written.</summary>
    /// <exception cref="ArgumentException">No room, or more than 63 bits.</exception>
    public static int Write(Span<byte> destination, ulong value)
    {
        int length = Length(value);
        if (length > MaxLength || destination.Length < length)
            throw new ArgumentException($"a varint of {length} bytes does not fit", nameof(destination));
        for (int i = 0; i < length - 1; i++, value >>= 7)
            destination[i] = (byte)(value | 0x80);
        destination[length - 1] = (byte)value;
        return length;
    }

    /// <summary>Reads a value from the start of <paramref name="source"/>.</summary>
    /// <returns>
    /// <see cref="VarintStatus.Incomplete"/> if more bytes are needed, <see cref="VarintStatus.Invalid"/> if no continuation can make it
    /// canonical; only <see cref="VarintStatus.Done"/> consumes anything.
    /// </returns>
    public static VarintStatus Read(ReadOnlySpan<byte> source, out ulong value, out int consumed)
    {
        value = 0;
        consumed = 0;
        for (int i = 0; i < source.Length; i++)
        {
            if (i == MaxLength)
                return VarintStatus.Invalid;
            value |= (ulong)(source[i] & 0x7f) << (7 * i);
            if (source[i] >= 0x80)
                continue;
            if (i > 0 && source[i] == 0)
                return VarintStatus.Invalid;
            consumed = i + 1;
            return VarintStatus.Done;
        }
        return source.Length >= MaxLength ? VarintStatus.Invalid : VarintStatus.Incomplete;
    }
}
