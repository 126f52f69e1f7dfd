using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.Peer.Interop;

/// <summary>signal.h of the C library.</summary>
internal static partial class Signal
{
    public const int SIGINT = 2;
    public const nint SIG_DFL = 0;

    [LibraryImport("libc")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial nint signal(int signum, nint handler);
}
