using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.P2P.Interop;

/// <summary>libsodium: sodium/crypto_sign_ed25519.h.</summary>
internal static partial class Sodium
{
    /// <summary>crypto_sign_ed25519_PUBLICKEYBYTES.</summary>
    internal const int PublicKeyBytes = 32;

    /// <summary>crypto_sign_ed25519_SECRETKEYBYTES.</summary>
    internal const int SecretKeyBytes = 64;

    /// <summary>crypto_sign_ed25519_BYTES.</summary>
    internal const int SignatureBytes = 64;

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_sign_ed25519_keypair(Span<byte> pk, Span<byte> sk);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_sign_ed25519_seed_keypair(Span<byte> pk, Span<byte> sk, ReadOnlySpan<byte> seed);

    /// <summary>The length is unsigned long long in C; <paramref name="siglen_p"/> may be null.</summary>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_sign_ed25519_detached(
        Span<byte> sig, nint siglen_p, ReadOnlySpan<byte> m, ulong mlen, ReadOnlySpan<byte> sk);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_sign_ed25519_verify_detached(
        ReadOnlySpan<byte> sig, ReadOnlySpan<byte> m, ulong mlen, ReadOnlySpan<byte> pk);
}
