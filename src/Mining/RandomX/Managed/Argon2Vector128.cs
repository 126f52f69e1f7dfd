using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary><see cref="Argon2Vector"/> for CPUs without AVX2: with SSSE3, one row or column at a time.</summary>
internal readonly unsafe struct Argon2Vector128 : IArgon2Compression
{
    private const int BlockWords = Argon2d.BlockSize / 8;
    private const int Row = 16;

    public static bool IsSupported => Ssse3.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ulong BeginBlock(ulong* previous, ulong* reference, ulong* destination, ulong* z, bool isOverwriting)
    {
        for (int i = 0; i < BlockWords; i += 2)
        {
            Vector128<ulong> sum = Vector128.Load(previous + i) ^ Vector128.Load(reference + i);
            sum.Store(z + i);
            (isOverwriting ? sum : sum ^ Vector128.Load(destination + i)).Store(destination + i);
        }
        for (int row = 0; row < 8; row++)
            Permute(z + Row * row, step: 2);
        Permute(z, Row);
        return destination[0] ^ z[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EndBlock(ulong* destination, ulong* z)
    {
        for (int column = 1; column < 8; column++)
            Permute(z + 2 * column, Row);
        for (int i = 0; i < BlockWords; i += 2)
            (Vector128.Load(destination + i) ^ Vector128.Load(z + i)).Store(destination + i);
    }

    // The permutation P on a matrix of 4 × 4 words, of which each pair lies `step` words behind the one before it: columns, then diagonals.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Permute(ulong* p, int step)
    {
        Vector128<ulong> a0 = Vector128.Load(p), a1 = Vector128.Load(p + step);
        Vector128<ulong> b0 = Vector128.Load(p + 2 * step), b1 = Vector128.Load(p + 3 * step);
        Vector128<ulong> c0 = Vector128.Load(p + 4 * step), c1 = Vector128.Load(p + 5 * step);
        Vector128<ulong> d0 = Vector128.Load(p + 6 * step), d1 = Vector128.Load(p + 7 * step);
        Mix(ref a0, ref b0, ref c0, ref d0, ref a1, ref b1, ref c1, ref d1);
        (b0, b1) = (Straddle(b0, b1), Straddle(b1, b0));
        (c0, c1) = (c1, c0);
        (d0, d1) = (Straddle(d1, d0), Straddle(d0, d1));
        Mix(ref a0, ref b0, ref c0, ref d0, ref a1, ref b1, ref c1, ref d1);
        (b0, b1) = (Straddle(b1, b0), Straddle(b0, b1));
        (c0, c1) = (c1, c0);
        (d0, d1) = (Straddle(d0, d1), Straddle(d1, d0));
        a0.Store(p);
        a1.Store(p + step);
        b0.Store(p + 2 * step);
        b1.Store(p + 3 * step);
        c0.Store(p + 4 * step);
        c1.Store(p + 5 * step);
        d0.Store(p + 6 * step);
        d1.Store(p + 7 * step);
    }

    /// <summary>The upper word of the one and the lower word of the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Straddle(Vector128<ulong> first, Vector128<ulong> second) =>
        Ssse3.AlignRight(second.AsByte(), first.AsByte(), 8).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(
        ref Vector128<ulong> a0, ref Vector128<ulong> b0, ref Vector128<ulong> c0, ref Vector128<ulong> d0,
        ref Vector128<ulong> a1, ref Vector128<ulong> b1, ref Vector128<ulong> c1, ref Vector128<ulong> d1)
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
    private static Vector128<ulong> MultiplyAdd(Vector128<ulong> x, Vector128<ulong> y)
    {
        Vector128<ulong> product = Sse2.Multiply(x.AsUInt32(), y.AsUInt32());
        return x + y + (product + product);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Rotate32(Vector128<ulong> x) => Sse2.Shuffle(x.AsUInt32(), 0xB1).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Rotate24(Vector128<ulong> x) => Ssse3.Shuffle(
        x.AsByte(), Vector128.Create((byte)3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10)).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Rotate16(Vector128<ulong> x) => Ssse3.Shuffle(
        x.AsByte(), Vector128.Create((byte)2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9)).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Rotate63(Vector128<ulong> x) => x + x ^ x >>> 63;
}
