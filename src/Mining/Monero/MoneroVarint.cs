namespace P2PMiner.Mining.Monero;

/// <summary>
/// Monero's variable-length unsigned integers: seven bits a byte, least significant first, top bit set on all but the
/// last (monero-project/monero, src/common/varint.h). Only the shortest form of a value is accepted.
/// </summary>
public static class MoneroVarint
{
    /// <summary>The longest encoding of a 64-bit value, in bytes.</summary>
    public const int MaxSize = 10;

    /// <summary>
    /// Writes <paramref name="value"/> and returns the number of bytes written, at most <see cref="MaxSize"/>.
    /// </summary>
    public static int Write(ulong value, Span<byte> destination)
    {
        int length = 0;
        while (value >= 0x80)
        {
            destination[length++] = (byte)(value | 0x80);
            value >>= 7;
        }
        destination[length++] = (byte)value;
        return length;
    }

    /// <summary>
    /// Reads a value from the start of <paramref name="source"/>. False when the bytes end early, exceed 64 bits or are
    /// not the shortest form; the out values then mean nothing.
    /// </summary>
    /// <param name="source">May go on after the value.</param>
    /// <param name="value">The value read.</param>
    /// <param name="length">Bytes that the value takes up.</param>
    public static bool TryRead(ReadOnlySpan<byte> source, out ulong value, out int length)
    {
        value = 0;
        for (length = 0; length < source.Length && length < MaxSize;)
        {
            byte b = source[length];
            if (length == MaxSize - 1 && b > 1)
                return false;
            value |= (ulong)(b & 0x7f) << (7 * length);
            length++;
            if ((b & 0x80) == 0)
                return length == 1 || b != 0;
        }
        return false;
    }
}
