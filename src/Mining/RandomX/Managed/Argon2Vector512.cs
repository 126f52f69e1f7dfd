using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Words = System.Runtime.Intrinsics.Vector512<ulong>;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>
/// The compression function of Argon2 with AVX-512 (RFC 9106, sections 3.5 and 3.6). All of a block stays in registers between its rows
/// and its columns: a vector is a quarter of two rows, and with two of its 16-byte lanes exchanged a part of two columns.
/// </summary>
internal readonly unsafe struct Argon2Vector512 : IArgon2Compression
{
    private const int Row = 16;
    private const int HalfRow = 8;

    public static bool IsSupported => Avx512F.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ulong BeginBlock(ulong* previous, ulong* reference, ulong* destination, ulong* z, bool isOverwriting)
    {
        (Words a0, Words b0, Words c0, Words d0) = LoadRows(previous, reference, destination, isOverwriting, 0);
        (Words a1, Words b1, Words c1, Words d1) = LoadRows(previous, reference, destination, isOverwriting, 2);
        Round(ref a0, ref b0, ref c0, ref d0, ref a1, ref b1, ref c1, ref d1);
        (Words a2, Words b2, Words c2, Words d2) = LoadRows(previous, reference, destination, isOverwriting, 4);
        (Words a3, Words b3, Words c3, Words d3) = LoadRows(previous, reference, destination, isOverwriting, 6);
        Round(ref a2, ref b2, ref c2, ref d2, ref a3, ref b3, ref c3, ref d3);
        StoreColumns(z, c0, c1, c2, c3);
        StoreColumns(z + 4 * HalfRow, d0, d1, d2, d3);
        (a0, a1, a2, a3) = (Turn(a0), Turn(a1), Turn(a2), Turn(a3));
        (b0, b1, b2, b3) = (Turn(b0), Turn(b1), Turn(b2), Turn(b3));
        Round(ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3);
        AddHalfRows(destination, a0, b0);
        AddHalfRows(destination + 2 * Row, a1, b1);
        AddHalfRows(destination + 4 * Row, a2, b2);
        AddHalfRows(destination + 6 * Row, a3, b3);
        return *destination;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EndBlock(ulong* destination, ulong* z)
    {
        (Words c0, Words c1, Words c2, Words c3) = LoadColumns(z);
        (Words d0, Words d1, Words d2, Words d3) = LoadColumns(z + 4 * HalfRow);
        Round(ref c0, ref c1, ref c2, ref c3, ref d0, ref d1, ref d2, ref d3);
        destination += HalfRow;
        AddHalfRows(destination, c0, d0);
        AddHalfRows(destination + 2 * Row, c1, d1);
        AddHalfRows(destination + 4 * Row, c2, d2);
        AddHalfRows(destination + 6 * Row, c3, d3);
    }

    // Two rows of the sum of both blocks, as quarters of both.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Words A, Words B, Words C, Words D) LoadRows(
        ulong* previous, ulong* reference, ulong* destination, bool isOverwriting, int row)
    {
        Words upperLeft = Sum(previous, reference, destination, isOverwriting, row * Row);
        Words upperRight = Sum(previous, reference, destination, isOverwriting, row * Row + HalfRow);
        Words lowerLeft = Sum(previous, reference, destination, isOverwriting, (row + 1) * Row);
        Words lowerRight = Sum(previous, reference, destination, isOverwriting, (row + 1) * Row + HalfRow);
        return (
            Avx512F.Shuffle4x128(upperLeft, lowerLeft, 0x44), Avx512F.Shuffle4x128(upperLeft, lowerLeft, 0xEE),
            Avx512F.Shuffle4x128(upperRight, lowerRight, 0x44), Avx512F.Shuffle4x128(upperRight, lowerRight, 0xEE));
    }

    // The destination keeps the sum until the permuted words are XORed to it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Words Sum(ulong* previous, ulong* reference, ulong* destination, bool isOverwriting, int offset)
    {
        Words sum = Vector512.Load(previous + offset) ^ Vector512.Load(reference + offset);
        (isOverwriting ? sum : sum ^ Vector512.Load(destination + offset)).Store(destination + offset);
        return sum;
    }

    // From quarters of two rows to parts of two columns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Words Turn(Words x) => Avx512F.Shuffle4x128(x, x, 0xD8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreColumns(ulong* z, Words a, Words b, Words c, Words d)
    {
        Turn(a).Store(z);
        Turn(b).Store(z + HalfRow);
        Turn(c).Store(z + 2 * HalfRow);
        Turn(d).Store(z + 3 * HalfRow);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Words A, Words B, Words C, Words D) LoadColumns(ulong* z) => (
        Vector512.Load(z), Vector512.Load(z + HalfRow), Vector512.Load(z + 2 * HalfRow), Vector512.Load(z + 3 * HalfRow));

    // Four neighbouring columns of two rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddHalfRows(ulong* destination, Words left, Words right)
    {
        (Vector512.Load(destination) ^ Avx512F.Shuffle4x128(left, right, 0x88)).Store(destination);
        (Vector512.Load(destination + Row) ^ Avx512F.Shuffle4x128(left, right, 0xDD)).Store(destination + Row);
    }

    // The permutation P on four matrices of 4 × 4 words: columns, then diagonals.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        ref Words a0, ref Words b0, ref Words c0, ref Words d0,
        ref Words a1, ref Words b1, ref Words c1, ref Words d1)
    {
        Mix(ref a0, ref b0, ref c0, ref d0);
        Mix(ref a1, ref b1, ref c1, ref d1);
        (b0, c0, d0) = (Avx512F.Permute4x64(b0, 0x39), Avx512F.Permute4x64(c0, 0x4E), Avx512F.Permute4x64(d0, 0x93));
        (b1, c1, d1) = (Avx512F.Permute4x64(b1, 0x39), Avx512F.Permute4x64(c1, 0x4E), Avx512F.Permute4x64(d1, 0x93));
        Mix(ref a0, ref b0, ref c0, ref d0);
        Mix(ref a1, ref b1, ref c1, ref d1);
        (b0, c0, d0) = (Avx512F.Permute4x64(b0, 0x93), Avx512F.Permute4x64(c0, 0x4E), Avx512F.Permute4x64(d0, 0x39));
        (b1, c1, d1) = (Avx512F.Permute4x64(b1, 0x93), Avx512F.Permute4x64(c1, 0x4E), Avx512F.Permute4x64(d1, 0x39));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref Words a, ref Words b, ref Words c, ref Words d)
    {
        a = MultiplyAdd(a, b);
        d = Avx512F.RotateRight(d ^ a, 32);
        c = MultiplyAdd(c, d);
        b = Avx512F.RotateRight(b ^ c, 24);
        a = MultiplyAdd(a, b);
        d = Avx512F.RotateRight(d ^ a, 16);
        c = MultiplyAdd(c, d);
        b = Avx512F.RotateRight(b ^ c, 63);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Words MultiplyAdd(Words x, Words y)
    {
        Words product = Avx512F.Multiply(x.AsUInt32(), y.AsUInt32());
        return x + y + (product + product);
    }
}
