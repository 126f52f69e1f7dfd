using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.P2P.Interop;

/// <summary>libsodium: sodium/crypto_aead_chacha20poly1305.h, the construction of RFC 8439.</summary>
internal static partial class Sodium
{
    /// <summary>crypto_aead_chacha20poly1305_ietf_KEYBYTES.</summary>
    internal const int AeadKeyBytes = 32;

    /// <summary>crypto_aead_chacha20poly1305_ietf_NPUBBYTES.</summary>
    internal const int AeadNonceBytes = 12;

    /// <summary>crypto_aead_chacha20poly1305_ietf_ABYTES.</summary>
    internal const int AeadTagBytes = 16;

    /// <summary>
    /// Writes <paramref name="mlen"/> + <see cref="AeadTagBytes"/> bytes to <paramref name="c"/>, which may be the memory of
    /// <paramref name="m"/>; <paramref name="clen_p"/> may be null and <paramref name="nsec"/> is null.
    /// </summary>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_aead_chacha20poly1305_ietf_encrypt(
        Span<byte> c, nint clen_p, ReadOnlySpan<byte> m, ulong mlen, ReadOnlySpan<byte> ad, ulong adlen, nint nsec,
        ReadOnlySpan<byte> npub, ReadOnlySpan<byte> k);

    /// <summary>
    /// Writes <paramref name="clen"/> - <see cref="AeadTagBytes"/> bytes to <paramref name="m"/>, which may be the memory of
    /// <paramref name="c"/>; <paramref name="mlen_p"/> may be null and <paramref name="nsec"/> is null.
    /// </summary>
    /// <returns>0, or -1 if the tag is wrong: nothing of the message is to be believed.</returns>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_aead_chacha20poly1305_ietf_decrypt(
        Span<byte> m, nint mlen_p, nint nsec, ReadOnlySpan<byte> c, ulong clen, ReadOnlySpan<byte> ad, ulong adlen,
        ReadOnlySpan<byte> npub, ReadOnlySpan<byte> k);
}
