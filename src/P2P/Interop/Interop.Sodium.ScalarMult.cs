using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.P2P.Interop;

/// <summary>libsodium: sodium/crypto_scalarmult_curve25519.h.</summary>
internal static partial class Sodium
{
    /// <summary>crypto_scalarmult_curve25519_BYTES and crypto_scalarmult_curve25519_SCALARBYTES.</summary>
    internal const int ScalarMultBytes = 32;

    /// <summary>Fails if the result is all zero: <paramref name="p"/> is of low order.</summary>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_scalarmult_curve25519(Span<byte> q, ReadOnlySpan<byte> n, ReadOnlySpan<byte> p);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_scalarmult_curve25519_base(Span<byte> q, ReadOnlySpan<byte> n);
}
