using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>The compression function of Argon2 with AVX2 (RFC 9106, sections 3.5 and 3.6).</summary>
internal readonly unsafe struct Argon2Vector : IArgon2Compression
{
    private const int BlockWords = Argon2d.BlockSize / 8;

    public static bool IsSupported => Avx2.IsSupported;

    /// <param name="previous">128 words.</param>
    /// <param name="reference">128 words.</param>
    /// <param name="destination">128 words; what it held is XORed to the result unless <paramref name="isOverwriting"/>.</param>
    /// <param name="z">128 words to work in, aligned to 32 bytes.</param>
    /// <param name="isOverwriting">As in the first pass.</param>
    /// <returns>The block's first word, which says where the next block's reference lies.</returns>
    // Optimized from the first call on: by the time the runtime got round to it, a whole cache would have been filled slowly.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ulong BeginBlock(ulong* previous, ulong* reference, ulong* destination, ulong* z, bool isOverwriting)
    {
        for (int i = 0; i < BlockWords; i += 4)
        {
            Vector256<ulong> sum = Vector256.Load(previous + i) ^ Vector256.Load(reference + i);
            sum.Store(z + i);
            (isOverwriting ? sum : sum ^ Vector256.Load(destination + i)).Store(destination + i);
        }
        // Two rows or columns at a time, so that one computes while the other waits for its products.
        for (int row = 0; row < 8; row += 2)
            PermuteRows(z + 16 * row, z + 16 * (row + 1));
        PermuteColumns(z);
        return destination[0] ^ z[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EndBlock(ulong* destination, ulong* z)
    {
        for (int column = 2; column < 8; column += 2)
            PermuteColumns(z + 2 * column);
        for (int i = 0; i < BlockWords; i += 4)
            (Vector256.Load(destination + i) ^ Vector256.Load(z + i)).Store(destination + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PermuteRows(ulong* p, ulong* q)
    {
        Vector256<ulong> a0 = Vector256.Load(p), b0 = Vector256.Load(p + 4), c0 = Vector256.Load(p + 8), d0 = Vector256.Load(p + 12);
        Vector256<ulong> a1 = Vector256.Load(q), b1 = Vector256.Load(q + 4), c1 = Vector256.Load(q + 8), d1 = Vector256.Load(q + 12);
        Round(ref a0, ref b0, ref c0, ref d0, ref a1, ref b1, ref c1, ref d1);
        a0.Store(p);
        b0.Store(p + 4);
        c0.Store(p + 8);
        d0.Store(p + 12);
        a1.Store(q);
        b1.Store(q + 4);
        c1.Store(q + 8);
        d1.Store(q + 12);
    }

    // Four words of a row are pairs of two neighbouring columns; a vector of one column has its pairs of two rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PermuteColumns(ulong* p)
    {
        const int Row = 16;
        (Vector256<ulong> a0, Vector256<ulong> a1) = Split(p, p + Row);
        (Vector256<ulong> b0, Vector256<ulong> b1) = Split(p + 2 * Row, p + 3 * Row);
        (Vector256<ulong> c0, Vector256<ulong> c1) = Split(p + 4 * Row, p + 5 * Row);
        (Vector256<ulong> d0, Vector256<ulong> d1) = Split(p + 6 * Row, p + 7 * Row);
        Round(ref a0, ref b0, ref c0, ref d0, ref a1, ref b1, ref c1, ref d1);
        Join(a0, a1, p, p + Row);
        Join(b0, b1, p + 2 * Row, p + 3 * Row);
        Join(c0, c1, p + 4 * Row, p + 5 * Row);
        Join(d0, d1, p + 6 * Row, p + 7 * Row);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<ulong> Left, Vector256<ulong> Right) Split(ulong* upper, ulong* lower)
    {
        Vector256<ulong> u = Vector256.Load(upper), l = Vector256.Load(lower);
        return (Avx2.Permute2x128(u, l, 0x20), Avx2.Permute2x128(u, l, 0x31));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Join(Vector256<ulong> left, Vector256<ulong> right, ulong* upper, ulong* lower)
    {
        Avx2.Permute2x128(left, right, 0x20).Store(upper);
        Avx2.Permute2x128(left, right, 0x31).Store(lower);
    }

    // The permutation P on two matrices of 4 × 4 words: columns, then diagonals.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        ref Vector256<ulong> a0, ref Vector256<ulong> b0, ref Vector256<ulong> c0, ref Vector256<ulong> d0,
        ref Vector256<ulong> a1, ref Vector256<ulong> b1, ref Vector256<ulong> c1, ref Vector256<ulong> d1)
    {
        Mix(ref a0, ref b0, ref c0, ref d0, ref a1, ref b1, ref c1, ref d1);
        (b0, c0, d0) = (Avx2.Permute4x64(b0, 0x39), Avx2.Permute4x64(c0, 0x4E), Avx2.Permute4x64(d0, 0x93));
        (b1, c1, d1) = (Avx2.Permute4x64(b1, 0x39), Avx2.Permute4x64(c1, 0x4E), Avx2.Permute4x64(d1, 0x93));
        Mix(ref a0, ref b0, ref c0, ref d0, ref a1, ref b1, ref c1, ref d1);
        (b0, c0, d0) = (Avx2.Permute4x64(b0, 0x93), Avx2.Permute4x64(c0, 0x4E), Avx2.Permute4x64(d0, 0x39));
        (b1, c1, d1) = (Avx2.Permute4x64(b1, 0x93), Avx2.Permute4x64(c1, 0x4E), Avx2.Permute4x64(d1, 0x39));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(
        ref Vector256<ulong> a0, ref Vector256<ulong> b0, ref Vector256<ulong> c0, ref Vector256<ulong> d0,
        ref Vector256<ulong> a1, ref Vector256<ulong> b1, ref Vector256<ulong> c1, ref Vector256<ulong> d1)
    {
        (a0, a1) = (MultiplyAdd(a0, b0), MultiplyAdd(a1, b1));
        (d0, d1) = (Rotate32(d0 ^ a0), Rotate32(d1 ^ a1));
        (c0, c1) = (MultiplyAdd(c0, d0), MultiplyAdd(c1, d1));
        (b0, b1) = (Rotate24(b0 ^ c0), Rotate24(b1 ^ c1));
        (a0, a1) = (MultiplyAdd(a0, b0), MultiplyAdd(a1, b1));
        (d0, d1) = (Rotate16(d0 ^ a0), Rotate16(d1 ^ a1));
        (c0, c1) = (MultiplyAdd(c0, d0), MultiplyAdd(c1, d1));
        (b0, b1) = (Rotate63(b0 ^ c0), Rotate63(b1 ^ c1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> MultiplyAdd(Vector256<ulong> x, Vector256<ulong> y)
    {
        Vector256<ulong> product = Avx2.Multiply(x.AsUInt32(), y.AsUInt32());
        return x + y + (product + product);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Rotate32(Vector256<ulong> x) => Avx2.Shuffle(x.AsUInt32(), 0xB1).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Rotate24(Vector256<ulong> x) => Avx2.Shuffle(x.AsByte(), Vector256.Create(
        (byte)3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10)).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Rotate16(Vector256<ulong> x) => Avx2.Shuffle(x.AsByte(), Vector256.Create(
        (byte)2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9)).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Rotate63(Vector256<ulong> x) => x + x ^ x >>> 63;
}
