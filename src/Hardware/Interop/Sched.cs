using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.Hardware.Interop;

/// <summary>sched.h of the C library.</summary>
internal static partial class Sched
{
    /// <summary>Thread 0 is the calling one. The mask has one bit per CPU.</summary>
    [LibraryImport("libc")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int sched_setaffinity(int pid, nuint cpusetsize, ReadOnlySpan<ulong> mask);
}
