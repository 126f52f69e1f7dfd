using System.Buffers.Binary;
using System.Numerics;

namespace P2PMiner.Mining.Monero;

/// <summary>
/// Keccak-256 with the original padding (0x01), as Monero's <c>cn_fast_hash</c> uses it. SHA3-256 of FIPS 202 pads
/// with 0x06 and gives other digests, so the framework's cannot serve. Source: "The Keccak reference", version 3.0.
/// </summary>
public static class Keccak256
{
    /// <summary>Digest length in bytes.</summary>
    public const int Size = 32;

    private const int Rate = 136;
    private const int Rounds = 24;
    private const int Lanes = 25;

    private static readonly ulong[] RoundConstants = MakeRoundConstants();

    /// <summary>
    /// Hashes <paramref name="input"/> into the first 32 bytes of <paramref name="destination"/>; the two may overlap.
    /// </summary>
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> destination)
    {
        Span<ulong> state = stackalloc ulong[Lanes];
        state.Clear();
        while (input.Length >= Rate)
        {
            Absorb(state, input[..Rate]);
            input = input[Rate..];
        }
        Span<byte> last = stackalloc byte[Rate];
        last.Clear();
        input.CopyTo(last);
        last[input.Length] = 0x01;
        last[Rate - 1] |= 0x80;
        Absorb(state, last);
        for (int i = 0; i < 4; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(destination[(8 * i)..], state[i]);
    }

    /// <summary>Hashes <paramref name="input"/>.</summary>
    public static Hash256 Hash(ReadOnlySpan<byte> input)
    {
        Span<byte> digest = stackalloc byte[Size];
        Hash(input, digest);
        return new Hash256(digest);
    }

    private static void Absorb(Span<ulong> state, ReadOnlySpan<byte> block)
    {
        for (int i = 0; i < Rate / 8; i++)
            state[i] ^= BinaryPrimitives.ReadUInt64LittleEndian(block[(8 * i)..]);
        Permute(state);
    }

    private static void Permute(Span<ulong> a)
    {
        // Constant lengths let the compiler drop the bounds checks below.
        a = a[..Lanes];
        Span<ulong> b = stackalloc ulong[Lanes];
        foreach (ulong constant in RoundConstants)
        {
            // θ
            ulong c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
            ulong c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
            ulong c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
            ulong c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
            ulong c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
            ulong d0 = c4 ^ BitOperations.RotateLeft(c1, 1);
            ulong d1 = c0 ^ BitOperations.RotateLeft(c2, 1);
            ulong d2 = c1 ^ BitOperations.RotateLeft(c3, 1);
            ulong d3 = c2 ^ BitOperations.RotateLeft(c4, 1);
            ulong d4 = c3 ^ BitOperations.RotateLeft(c0, 1);

            // ρ and π: lane (x, y) goes to (y, 2x + 3y), turned by its triangular number
            b[0] = a[0] ^ d0;
            b[1] = BitOperations.RotateLeft(a[6] ^ d1, 44);
            b[2] = BitOperations.RotateLeft(a[12] ^ d2, 43);
            b[3] = BitOperations.RotateLeft(a[18] ^ d3, 21);
            b[4] = BitOperations.RotateLeft(a[24] ^ d4, 14);
            b[5] = BitOperations.RotateLeft(a[3] ^ d3, 28);
            b[6] = BitOperations.RotateLeft(a[9] ^ d4, 20);
            b[7] = BitOperations.RotateLeft(a[10] ^ d0, 3);
            b[8] = BitOperations.RotateLeft(a[16] ^ d1, 45);
            b[9] = BitOperations.RotateLeft(a[22] ^ d2, 61);
            b[10] = BitOperations.RotateLeft(a[1] ^ d1, 1);
            b[11] = BitOperations.RotateLeft(a[7] ^ d2, 6);
            b[12] = BitOperations.RotateLeft(a[13] ^ d3, 25);
            b[13] = BitOperations.RotateLeft(a[19] ^ d4, 8);
            b[14] = BitOperations.RotateLeft(a[20] ^ d0, 18);
            b[15] = BitOperations.RotateLeft(a[4] ^ d4, 27);
            b[16] = BitOperations.RotateLeft(a[5] ^ d0, 36);
            b[17] = BitOperations.RotateLeft(a[11] ^ d1, 10);
            b[18] = BitOperations.RotateLeft(a[17] ^ d2, 15);
            b[19] = BitOperations.RotateLeft(a[23] ^ d3, 56);
            b[20] = BitOperations.RotateLeft(a[2] ^ d2, 62);
            b[21] = BitOperations.RotateLeft(a[8] ^ d3, 55);
            b[22] = BitOperations.RotateLeft(a[14] ^ d4, 39);
            b[23] = BitOperations.RotateLeft(a[15] ^ d0, 41);
            b[24] = BitOperations.RotateLeft(a[21] ^ d1, 2);

            // χ
            for (int y = 0; y <= Lanes - 5; y += 5)
            {
                a[y] = b[y] ^ (~b[y + 1] & b[y + 2]);
                a[y + 1] = b[y + 1] ^ (~b[y + 2] & b[y + 3]);
                a[y + 2] = b[y + 2] ^ (~b[y + 3] & b[y + 4]);
                a[y + 3] = b[y + 3] ^ (~b[y + 4] & b[y]);
                a[y + 4] = b[y + 4] ^ (~b[y] & b[y + 1]);
            }

            // ι
            a[0] ^= constant;
        }
    }

    /// <summary>Bits 2^j − 1 of each constant come from the LFSR x^8 + x^6 + x^5 + x^4 + 1.</summary>
    private static ulong[] MakeRoundConstants()
    {
        var constants = new ulong[Rounds];
        int lfsr = 1;
        for (int round = 0; round < Rounds; round++)
        {
            for (int j = 0; j < 7; j++)
            {
                if ((lfsr & 1) != 0)
                    constants[round] |= 1UL << ((1 << j) - 1);
                lfsr <<= 1;
                if ((lfsr & 0x100) != 0)
                    lfsr ^= 0x171;
            }
        }
        return constants;
    }
}
