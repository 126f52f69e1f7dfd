using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.Hardware.Interop;

/// <summary>time.h of the C library, on 64-bit Linux.</summary>
internal static partial class Clock
{
    /// <summary>Linux's value on every architecture.</summary>
    internal const int CLOCK_THREAD_CPUTIME_ID = 3;

    [LibraryImport("libc")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int clock_gettime(int clock, out Timespec time);

    /// <summary>struct timespec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal readonly struct Timespec
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
