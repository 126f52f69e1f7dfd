using System.Numerics;
using System.Runtime.CompilerServices;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>The compression function of Argon2 for any processor; all of a block is done by its beginning.</summary>
internal readonly unsafe struct Argon2Scalar : IArgon2Compression
{
    private const int BlockWords = Argon2d.BlockSize / 8;

    public static ulong BeginBlock(ulong* previous, ulong* reference, ulong* destination, ulong* z, bool isOverwriting)
    {
        for (int i = 0; i < BlockWords; i++)
            z[i] = previous[i] ^ reference[i];
        for (int i = 0; i < BlockWords; i++)
            destination[i] = z[i] ^ (isOverwriting ? 0 : destination[i]);
        for (int row = 0; row < 8; row++)
            Permute(z + 16 * row, step: 2);
        for (int column = 0; column < 8; column++)
            Permute(z + 2 * column, step: 16);
        for (int i = 0; i < BlockWords; i++)
            destination[i] ^= z[i];
        return *destination;
    }

    public static void EndBlock(ulong* destination, ulong* z)
    {
    }

    // RFC 9106, section 3.6: the permutation P on eight pairs of words, each pair `step` words behind the one before it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Permute(ulong* p, int step)
    {
        ulong* a = p, b = p + 2 * step, c = p + 4 * step, d = p + 6 * step;
        Mix(a, b, c, d);
        Mix(a + 1, b + 1, c + 1, d + 1);
        Mix(a + step, b + step, c + step, d + step);
        Mix(a + step + 1, b + step + 1, c + step + 1, d + step + 1);
        Mix(a, b + 1, c + step, d + step + 1);
        Mix(a + 1, b + step, c + step + 1, d);
        Mix(a + step, b + step + 1, c, d + 1);
        Mix(a + step + 1, b, c + 1, d + step);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ulong* pa, ulong* pb, ulong* pc, ulong* pd)
    {
        ulong a = *pa, b = *pb, c = *pc, d = *pd;
        a = MultiplyAdd(a, b);
        d = BitOperations.RotateRight(d ^ a, 32);
        c = MultiplyAdd(c, d);
        b = BitOperations.RotateRight(b ^ c, 24);
        a = MultiplyAdd(a, b);
        d = BitOperations.RotateRight(d ^ a, 16);
        c = MultiplyAdd(c, d);
        b = BitOperations.RotateRight(b ^ c, 63);
        *pa = a;
        *pb = b;
        *pc = c;
        *pd = d;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MultiplyAdd(ulong x, ulong y) => x + y + 2 * ((ulong)(uint)x * (uint)y);
}
