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
        internal static partial VmHandle randomx_create_vm(RandomXFlags flags, CacheHandle cache, nint dataset);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial VmHandle randomx_create_vm(RandomXFlags flags, nint cache, DatasetHandle dataset);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial void randomx_destroy_vm(nint machine);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial void randomx_calculate_hash(
            VmHandle machine, ReadOnlySpan<byte> input, nuint inputSize, Span<byte> output);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial void randomx_calculate_hash_first(VmHandle machine, ReadOnlySpan<byte> input, nuint inputSize);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial void randomx_calculate_hash_next(
            VmHandle machine, ReadOnlySpan<byte> nextInput, nuint nextInputSize, Span<byte> output);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        internal static partial void randomx_calculate_hash_last(VmHandle machine, Span<byte> output);
    }
}
