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

    private static readonly ulong[] RoundConstants = MakeRoundConstants();

    /// <summary>Hashes <paramref name="input"/> into the first 32 bytes of <paramref name="destination"/>.</summary>
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> destination)
    {
        Span<ulong> state = stackalloc ulong[25];
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
        Span<ulong> parity = stackalloc ulong[5];
        for (int round = 0; round < Rounds; round++)
        {
            // θ
            for (int x = 0; x < 5; x++)
                parity[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
            for (int x = 0; x < 5; x++)
            {
                ulong d = parity[(x + 4) % 5] ^ BitOperations.RotateLeft(parity[(x + 1) % 5], 1);
                for (int y = 0; y < 25; y += 5)
                    a[x + y] ^= d;
            }

            // ρ and π: one walk over the 24 lanes other than (0,0), rotation offsets are the triangular numbers
            ulong lane = a[1];
            int px = 1;
            int py = 0;
            for (int t = 1; t <= 24; t++)
            {
                (px, py) = (py, (2 * px + 3 * py) % 5);
                int index = px + 5 * py;
                (lane, a[index]) = (a[index], BitOperations.RotateLeft(lane, t * (t + 1) / 2 % 64));
            }

            // χ
            for (int y = 0; y < 25; y += 5)
            {
                ulong a0 = a[y];
                ulong a1 = a[y + 1];
                for (int x = 0; x < 3; x++)
                    a[y + x] ^= ~a[y + x + 1] & a[y + x + 2];
                a[y + 3] ^= ~a[y + 4] & a0;
                a[y + 4] ^= ~a0 & a1;
            }

            // ι
            a[0] ^= RoundConstants[round];
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
