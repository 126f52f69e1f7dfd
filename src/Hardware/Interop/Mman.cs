using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.Hardware.Interop;

/// <summary>sys/mman.h of the C library.</summary>
internal static partial class Mman
{
    /// <summary>Linux's value on every architecture, as the next.</summary>
    internal const int MADV_DONTNEED = 4;

    internal const int MADV_HUGEPAGE = 14;

    [LibraryImport("libc")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int madvise(nuint addr, nuint length, int advice);
}
