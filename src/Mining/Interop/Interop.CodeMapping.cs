using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.Mining;

internal static partial class Interop
{
    /// <summary>Memory of our own, and two views of one memory object: sys/mman.h and unistd.h of Linux; constants of x86-64 and arm64.</summary>
    internal static partial class CodeMapping
    {
        internal const int PROT_READ = 1;
        internal const int PROT_WRITE = 2;
        internal const int PROT_EXEC = 4;
        internal const int MAP_SHARED = 1;
        internal const int MAP_PRIVATE = 2;
        internal const int MAP_ANONYMOUS = 0x20;
        internal const int MAP_HUGETLB = 0x40000;

        /// <summary>Huge pages of 2 MiB, whatever size the system takes by itself.</summary>
        internal const int MAP_HUGE_2MB = 21 << 26;

        internal const uint MFD_CLOEXEC = 1;
        internal const int ENOMEM = 12;
        internal const int ENFILE = 23;
        internal const int EMFILE = 24;

        /// <summary>What mmap returns instead of an address.</summary>
        internal const nint MAP_FAILED = -1;

        private const string LibC = "libc";

        [LibraryImport(LibC, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static partial int memfd_create(string name, uint flags);

        [LibraryImport(LibC, SetLastError = true)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static partial int ftruncate(int fd, nint length);

        [LibraryImport(LibC, SetLastError = true)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static partial nint mmap(nint addr, nuint length, int prot, int flags, int fd, nint offset);

        [LibraryImport(LibC)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static partial int munmap(nint addr, nuint length);

        [LibraryImport(LibC)]
        [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static partial int close(int fd);
    }
}
