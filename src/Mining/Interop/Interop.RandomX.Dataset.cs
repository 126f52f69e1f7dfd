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
        internal static partial DatasetHandle randomx_alloc_dataset(RandomXFlags flags);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial CULong randomx_dataset_item_count();

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial void randomx_init_dataset(
            DatasetHandle dataset, CacheHandle cache, CULong startItem, CULong itemCount);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial nint randomx_get_dataset_memory(DatasetHandle dataset);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial void randomx_release_dataset(nint dataset);
    }
}
