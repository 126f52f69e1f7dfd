using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining;

internal static partial class Interop
{
    internal static partial class RandomX
    {
        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial CacheHandle randomx_alloc_cache(RandomXFlags flags);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial void randomx_init_cache(CacheHandle cache, ReadOnlySpan<byte> key, nuint keySize);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial void randomx_release_cache(nint cache);
    }
}
