using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Four vectors of four words, to be transposed.</summary>
internal unsafe struct Block256
{
    private Vector256<ulong> _0, _1, _2, _3;

    /// <summary>16 words that follow one another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Block256 Load(ulong* words) => new()
    {
        _0 = Vector256.Load(words),
        _1 = Vector256.Load(words + 4),
        _2 = Vector256.Load(words + 8),
        _3 = Vector256.Load(words + 12),
    };

    /// <summary>Swaps rows and columns: pairs of words first, then halves of the vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Transpose()
    {
        Vector256<ulong> a0 = Avx2.UnpackLow(_0, _1), a1 = Avx2.UnpackHigh(_0, _1);
        Vector256<ulong> a2 = Avx2.UnpackLow(_2, _3), a3 = Avx2.UnpackHigh(_2, _3);
        _0 = Avx2.Permute2x128(a0, a2, 0x20);
        _1 = Avx2.Permute2x128(a1, a3, 0x20);
        _2 = Avx2.Permute2x128(a0, a2, 0x31);
        _3 = Avx2.Permute2x128(a1, a3, 0x31);
    }

    /// <summary>Stores the vectors <paramref name="stride"/> bytes apart, past the caches; the address is aligned to 32 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void StoreNonTemporal(byte* address, int stride)
    {
        _0.StoreAlignedNonTemporal((ulong*)address);
        _1.StoreAlignedNonTemporal((ulong*)(address + stride));
        _2.StoreAlignedNonTemporal((ulong*)(address + 2 * stride));
        _3.StoreAlignedNonTemporal((ulong*)(address + 3 * stride));
    }

    /// <summary>As <see cref="StoreNonTemporal"/>, through the caches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(byte* address, int stride)
    {
        _0.Store((ulong*)address);
        _1.Store((ulong*)(address + stride));
        _2.Store((ulong*)(address + 2 * stride));
        _3.Store((ulong*)(address + 3 * stride));
    }

    /// <summary>Stores one vector at each of four addresses, <paramref name="offset"/> bytes on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(byte** rows, int offset)
    {
        _0.Store((ulong*)(rows[0] + offset));
        _1.Store((ulong*)(rows[1] + offset));
        _2.Store((ulong*)(rows[2] + offset));
        _3.Store((ulong*)(rows[3] + offset));
    }
}
