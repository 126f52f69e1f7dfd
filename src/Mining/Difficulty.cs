using System.Buffers.Binary;
using System.Numerics;

namespace P2PMiner.Mining;

/// <summary>
/// Monero's difficulty arithmetic: a hash, read as a little-endian 256-bit integer, meets a difficulty when
/// hash × difficulty &lt; 2^256 (monero-project/monero, src/cryptonote_basic/difficulty.cpp, <c>check_hash</c>).
/// Difficulties are 1 to 2^128 − 1; 64-bit ones are the small case of the same rule.
/// </summary>
public static class Difficulty
{
    /// <summary>Whether <paramref name="hash"/> meets <paramref name="difficulty"/>.</summary>
    /// <param name="hash">32 bytes.</param>
    /// <param name="difficulty">At least 1; nothing meets 0.</param>
    public static bool IsMet(ReadOnlySpan<byte> hash, UInt128 difficulty)
    {
        if (difficulty == UInt128.Zero)
            return false;
        ulong low = (ulong)difficulty;
        ulong high = (ulong)(difficulty >> 64);

        // Schoolbook product of four 64-bit limbs by two; it meets the difficulty when limbs 4 and 5 stay zero.
        UInt128 carryLow = 0;
        UInt128 carryHigh = 0;
        ulong previousLow = 0;
        for (int limb = 0; limb < 5; limb++)
        {
            ulong word = limb < 4 ? BinaryPrimitives.ReadUInt64LittleEndian(hash[(8 * limb)..]) : 0;
            UInt128 productLow = (UInt128)word * low + carryLow;
            carryLow = productLow >> 64;
            UInt128 column = (UInt128)previousLow * high + (ulong)productLow + carryHigh;
            carryHigh = column >> 64;
            previousLow = word;
            if (limb == 4 && (ulong)column != 0)
                return false;
        }
        return carryHigh == 0 && carryLow == 0;
    }

    /// <summary>
    /// The largest hash value that meets <paramref name="difficulty"/>, as 32 little-endian bytes:
    /// ⌈2^256 / difficulty⌉ − 1.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Difficulty 0.</exception>
    public static Hash256 TargetOf(UInt128 difficulty)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(difficulty, UInt128.Zero);

        // floor((2^256 - 1) / d) equals ceil(2^256 / d) - 1 for every d >= 1.
        Span<byte> target = stackalloc byte[Hash256.Size];
        UInt128 remainder = 0;
        for (int bit = 255; bit >= 0; bit--)
        {
            bool overflows = (remainder >> 127) != 0;
            remainder = (remainder << 1) | UInt128.One;
            if (overflows || remainder >= difficulty)
            {
                remainder -= difficulty;
                target[bit / 8] |= (byte)(1 << (bit % 8));
            }
        }
        return new Hash256(target);
    }

    /// <summary>The greatest difficulty that <paramref name="hash"/> meets: ⌊(2^256 − 1) / hash⌋, at most 2^128 − 1.</summary>
    public static UInt128 Of(Hash256 hash)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        hash.CopyTo(bytes);
        BigInteger value = new(bytes, isUnsigned: true);
        if (value.IsZero)
            return UInt128.MaxValue;
        BigInteger most = ((BigInteger.One << (8 * Hash256.Size)) - 1) / value;
        return most > UInt128.MaxValue ? UInt128.MaxValue : (UInt128)most;
    }

    /// <summary>
    /// The upper 64 bits of <see cref="TargetOf"/>: a hash whose last 8 bytes (little-endian) exceed it cannot meet the
    /// difficulty, so the hash loop compares one word first.
    /// </summary>
    public static ulong UpperTarget(UInt128 difficulty)
    {
        Span<byte> target = stackalloc byte[Hash256.Size];
        TargetOf(difficulty).CopyTo(target);
        return BinaryPrimitives.ReadUInt64LittleEndian(target[24..]);
    }
}
