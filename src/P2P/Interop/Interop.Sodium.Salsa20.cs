using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.P2P.Interop;

/// <summary>libsodium: sodium/crypto_stream_salsa20.h and sodium/crypto_core_hsalsa20.h, of which XSalsa20 is made.</summary>
internal static partial class Sodium
{
    /// <summary>crypto_stream_salsa20_KEYBYTES and crypto_core_hsalsa20_OUTPUTBYTES.</summary>
    internal const int SalsaKeyBytes = 32;

    /// <summary>crypto_core_hsalsa20_INPUTBYTES.</summary>
    internal const int HSalsaInputBytes = 16;

    /// <summary>crypto_stream_salsa20_NONCEBYTES.</summary>
    internal const int SalsaNonceBytes = 8;

    /// <summary>Bytes of key stream per count of the block counter.</summary>
    internal const int SalsaBlockBytes = 64;

    /// <summary>The constant <paramref name="c"/> is null for the usual one.</summary>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_core_hsalsa20(Span<byte> @out, ReadOnlySpan<byte> @in, ReadOnlySpan<byte> k, nint c);

    /// <summary>
    /// Combines <paramref name="m"/> with the key stream from block <paramref name="ic"/> on; <paramref name="c"/> may be the memory of
    /// <paramref name="m"/>.
    /// </summary>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int crypto_stream_salsa20_xor_ic(
        Span<byte> c, ReadOnlySpan<byte> m, ulong mlen, ReadOnlySpan<byte> n, ulong ic, ReadOnlySpan<byte> k);
}
