using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Eight vectors of eight words, to be transposed.</summary>
internal unsafe struct Block512
{
    private Vector512<ulong> _0, _1, _2, _3, _4, _5, _6, _7;

    /// <summary>64 words that follow one another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Block512 Load(ulong* words) => new()
    {
        _0 = Vector512.Load(words),
        _1 = Vector512.Load(words + 8),
        _2 = Vector512.Load(words + 16),
        _3 = Vector512.Load(words + 24),
        _4 = Vector512.Load(words + 32),
        _5 = Vector512.Load(words + 40),
        _6 = Vector512.Load(words + 48),
        _7 = Vector512.Load(words + 56),
    };

    /// <summary>Swaps rows and columns: pairs of words first, then quarters, then halves of the vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Transpose()
    {
        Vector512<ulong> a0 = Avx512F.UnpackLow(_0, _1), a1 = Avx512F.UnpackHigh(_0, _1);
        Vector512<ulong> a2 = Avx512F.UnpackLow(_2, _3), a3 = Avx512F.UnpackHigh(_2, _3);
        Vector512<ulong> a4 = Avx512F.UnpackLow(_4, _5), a5 = Avx512F.UnpackHigh(_4, _5);
        Vector512<ulong> a6 = Avx512F.UnpackLow(_6, _7), a7 = Avx512F.UnpackHigh(_6, _7);
        Vector512<ulong> b0 = Avx512F.Shuffle4x128(a0, a2, 0x88), b4 = Avx512F.Shuffle4x128(a0, a2, 0xDD);
        Vector512<ulong> b1 = Avx512F.Shuffle4x128(a1, a3, 0x88), b5 = Avx512F.Shuffle4x128(a1, a3, 0xDD);
        Vector512<ulong> b2 = Avx512F.Shuffle4x128(a4, a6, 0x88), b6 = Avx512F.Shuffle4x128(a4, a6, 0xDD);
        Vector512<ulong> b3 = Avx512F.Shuffle4x128(a5, a7, 0x88), b7 = Avx512F.Shuffle4x128(a5, a7, 0xDD);
        _0 = Avx512F.Shuffle4x128(b0, b2, 0x88);
        _1 = Avx512F.Shuffle4x128(b1, b3, 0x88);
        _2 = Avx512F.Shuffle4x128(b4, b6, 0x88);
        _3 = Avx512F.Shuffle4x128(b5, b7, 0x88);
        _4 = Avx512F.Shuffle4x128(b0, b2, 0xDD);
        _5 = Avx512F.Shuffle4x128(b1, b3, 0xDD);
        _6 = Avx512F.Shuffle4x128(b4, b6, 0xDD);
        _7 = Avx512F.Shuffle4x128(b5, b7, 0xDD);
    }

    /// <summary>Stores the vectors behind each other, past the caches; <paramref name="address"/> is aligned to 64 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void StoreNonTemporal(byte* address)
    {
        _0.StoreAlignedNonTemporal((ulong*)address);
        _1.StoreAlignedNonTemporal((ulong*)(address + 64));
        _2.StoreAlignedNonTemporal((ulong*)(address + 128));
        _3.StoreAlignedNonTemporal((ulong*)(address + 192));
        _4.StoreAlignedNonTemporal((ulong*)(address + 256));
        _5.StoreAlignedNonTemporal((ulong*)(address + 320));
        _6.StoreAlignedNonTemporal((ulong*)(address + 384));
        _7.StoreAlignedNonTemporal((ulong*)(address + 448));
    }

    /// <summary>As <see cref="StoreNonTemporal"/>, through the caches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(byte* address)
    {
        _0.Store((ulong*)address);
        _1.Store((ulong*)(address + 64));
        _2.Store((ulong*)(address + 128));
        _3.Store((ulong*)(address + 192));
        _4.Store((ulong*)(address + 256));
        _5.Store((ulong*)(address + 320));
        _6.Store((ulong*)(address + 384));
        _7.Store((ulong*)(address + 448));
    }

    /// <summary>Stores one vector at each of eight addresses.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(byte** rows)
    {
        _0.Store((ulong*)rows[0]);
        _1.Store((ulong*)rows[1]);
        _2.Store((ulong*)rows[2]);
        _3.Store((ulong*)rows[3]);
        _4.Store((ulong*)rows[4]);
        _5.Store((ulong*)rows[5]);
        _6.Store((ulong*)rows[6]);
        _7.Store((ulong*)rows[7]);
    }
}
