using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.P2P.Interop;

/// <summary>libsodium: sodium/crypto_scalarmult.h, which is X25519 (RFC 7748).</summary>
internal static partial class Sodium
{
    /// <summary>crypto_scalarmult_BYTES and crypto_scalarmult_SCALARBYTES: public keys, private keys and shared secrets alike.</summary>
    internal const int ScalarMultBytes = 32;

    /// <summary>The shared secret <paramref name="q"/> of our private key <paramref name="n"/> and their public key <paramref name="p"/>.</summary>
    /// <returns>0, or -1 if the point is of small order: the secret would be all zero, and the remote is to be refused.</returns>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_scalarmult(Span<byte> q, ReadOnlySpan<byte> n, ReadOnlySpan<byte> p);

    /// <summary>The public key <paramref name="q"/> of a private key: any 32 random bytes <paramref name="n"/>.</summary>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_scalarmult_base(Span<byte> q, ReadOnlySpan<byte> n);
}
