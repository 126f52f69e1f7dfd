using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.Hardware.Interop;

/// <summary>sys/resource.h of the C library.</summary>
internal static partial class Resource
{
    internal const int PRIO_PROCESS = 0;

    /// <summary>On Linux "process" 0 is the calling thread alone.</summary>
    [LibraryImport("libc")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int setpriority(int which, int who, int prio);
}
