using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.Node.Interop;

internal static partial class LibZmq
{
    public const int ZMQ_SUB = 2;
    public const int ZMQ_SUBSCRIBE = 6;
    public const int ZMQ_LINGER = 17;
    public const int ZMQ_RECONNECT_IVL = 18;
    public const int ZMQ_RECONNECT_IVL_MAX = 21;
    public const int ZMQ_MAXMSGSIZE = 22;
    public const int ZMQ_RCVHWM = 24;
    public const int ZMQ_RCVTIMEO = 27;
    public const int ZMQ_IPV6 = 42;

    public const int EINTR = 4;
    public static int EAGAIN => OperatingSystem.IsMacOS() ? 35 : 11;

    [LibraryImport(ZmqLibrary.Name)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial nint zmq_ctx_new();

    [LibraryImport(ZmqLibrary.Name)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int zmq_ctx_term(nint context);

    [LibraryImport(ZmqLibrary.Name)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial nint zmq_socket(ZmqContextHandle context, int type);

    [LibraryImport(ZmqLibrary.Name)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int zmq_close(nint socket);

    [LibraryImport(ZmqLibrary.Name)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int zmq_setsockopt(ZmqSocketHandle socket, int option, ReadOnlySpan<byte> value, nuint length);

    [LibraryImport(ZmqLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int zmq_connect(ZmqSocketHandle socket, string address);

    [LibraryImport(ZmqLibrary.Name)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int zmq_recv(ZmqSocketHandle socket, Span<byte> buffer, nuint length, int flags);

    [LibraryImport(ZmqLibrary.Name)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int zmq_errno();
}
