using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace P2PMiner.Mining;

internal static partial class Interop
{
    /// <summary>fcntl.h of Linux.</summary>
    internal static partial class Fcntl
    {
        internal const int F_GETFL = 3;
        internal const int F_SETFL = 4;
        internal const int DirectX64 = 0x4000;
        internal const int DirectArm64 = 0x10000;

        [LibraryImport("libc", SetLastError = true)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static partial int fcntl(SafeFileHandle fd, int cmd, int arg);
    }
}
