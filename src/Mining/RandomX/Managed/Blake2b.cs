using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>Blake2b without a key (RFC 7693).</summary>
internal static class Blake2b
{
    private const int BlockSize = 128;
    private const int Rounds = 12;

    // RFC 7693, section 2.7, one row per round; the last two repeat the first two.
    private static ReadOnlySpan<byte> Sigma =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
        11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4,
        7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8,
        9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13,
        2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9,
        12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11,
        13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10,
        6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5,
        10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
    ];

    // RFC 7693, section 2.6.
    private static ReadOnlySpan<ulong> InitialVector =>
    [
        0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
        0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
    ];

    /// <summary>Hashes <paramref name="input"/>; <paramref name="input"/> and <paramref name="hash"/> may overlap.</summary>
    /// <param name="input">Of any length.</param>
    /// <param name="hash">1 to 64 bytes; its length is a part of what is hashed.</param>
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfZero(hash.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hash.Length, 64);
        Span<ulong> state = stackalloc ulong[8];
        InitialVector.CopyTo(state);
        state[0] ^= 0x01010000u ^ (uint)hash.Length;

        ulong done = 0;
        for (; input.Length > BlockSize; input = input[BlockSize..])
            Compress(state, input[..BlockSize], done += BlockSize, isLast: false);
        Span<byte> last = stackalloc byte[BlockSize];
        last.Clear();
        input.CopyTo(last);
        Compress(state, last, done + (ulong)input.Length, isLast: true);

        Span<byte> full = stackalloc byte[64];
        for (int i = 0; i < state.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(full[(8 * i)..], state[i]);
        full[..hash.Length].CopyTo(hash);
    }

    // RFC 7693, section 3.2: the compression function F.
    private static void Compress(Span<ulong> state, ReadOnlySpan<byte> block, ulong counter, bool isLast)
    {
        Span<ulong> m = stackalloc ulong[16];
        for (int i = 0; i < m.Length; i++)
            m[i] = BinaryPrimitives.ReadUInt64LittleEndian(block[(8 * i)..]);
        Span<ulong> v = stackalloc ulong[16];
        state.CopyTo(v);
        InitialVector.CopyTo(v[8..]);
        v[12] ^= counter;
        if (isLast)
            v[14] = ~v[14];
        for (int round = 0; round < Rounds; round++)
        {
            ReadOnlySpan<byte> s = Sigma.Slice(16 * round, 16);
            Mix(ref v[0], ref v[4], ref v[8], ref v[12], m[s[0]], m[s[1]]);
            Mix(ref v[1], ref v[5], ref v[9], ref v[13], m[s[2]], m[s[3]]);
            Mix(ref v[2], ref v[6], ref v[10], ref v[14], m[s[4]], m[s[5]]);
            Mix(ref v[3], ref v[7], ref v[11], ref v[15], m[s[6]], m[s[7]]);
            Mix(ref v[0], ref v[5], ref v[10], ref v[15], m[s[8]], m[s[9]]);
            Mix(ref v[1], ref v[6], ref v[11], ref v[12], m[s[10]], m[s[11]]);
            Mix(ref v[2], ref v[7], ref v[8], ref v[13], m[s[12]], m[s[13]]);
            Mix(ref v[3], ref v[4], ref v[9], ref v[14], m[s[14]], m[s[15]]);
        }
        for (int i = 0; i < state.Length; i++)
            state[i] ^= v[i] ^ v[i + 8];
    }

    // RFC 7693, section 3.1: the mixing function G.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref ulong a, ref ulong b, ref ulong c, ref ulong d, ulong x, ulong y)
    {
        a += b + x;
        d = BitOperations.RotateRight(d ^ a, 32);
        c += d;
        b = BitOperations.RotateRight(b ^ c, 24);
        a += b + y;
        d = BitOperations.RotateRight(d ^ a, 16);
        c += d;
        b = BitOperations.RotateRight(b ^ c, 63);
    }
}
