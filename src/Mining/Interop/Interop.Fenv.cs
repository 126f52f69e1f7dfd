using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.Mining;

internal static partial class Interop
{
    /// <summary>C99 fenv.h. The calls last nanoseconds and never block, so they skip the GC transition.</summary>
    internal static partial class Fenv
    {
        /// <summary>Resolved by <see cref="NativeLibraries"/>.</summary>
        internal const string Library = "fenv";

        /// <summary>At least <c>sizeof(fenv_t)</c> everywhere: 32 on x86-64 Linux, 16 or less elsewhere.</summary>
        internal const int MaxEnvironmentSize = 64;

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl), typeof(CallConvSuppressGCTransition)])]
        internal static unsafe partial int fegetenv(byte* environment);

        [LibraryImport(Library)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl), typeof(CallConvSuppressGCTransition)])]
        internal static unsafe partial int fesetenv(byte* environment);
    }
}
