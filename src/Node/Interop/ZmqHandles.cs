using System.Runtime.InteropServices;

namespace P2PMiner.Node.Interop;

/// <summary>A call to libzmq failed; holds the reason of the calling thread's last failure.</summary>
internal sealed class ZmqException(string call) : Exception($"{call} failed with error {LibZmq.zmq_errno()}");

/// <summary>A ZeroMQ context. Closing it waits until all its sockets are closed, which they are first: each holds a reference.</summary>
internal sealed class ZmqContextHandle : SafeHandle
{
    public ZmqContextHandle()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    /// <exception cref="ZmqException">libzmq has no memory or file descriptors left.</exception>
    public static ZmqContextHandle Create()
    {
        var context = new ZmqContextHandle();
        context.SetHandle(LibZmq.zmq_ctx_new());
        return context.IsInvalid ? throw new ZmqException("zmq_ctx_new") : context;
    }

    protected override bool ReleaseHandle() => LibZmq.zmq_ctx_term(handle) == 0;
}

/// <summary>A ZeroMQ socket, which keeps its context alive. WARNING: one thread at a time, as libzmq's manual demands.</summary>
internal sealed class ZmqSocketHandle : SafeHandle
{
    private ZmqContextHandle? _context;

    public ZmqSocketHandle()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    /// <exception cref="ZmqException">libzmq refuses another socket.</exception>
    public static ZmqSocketHandle Create(ZmqContextHandle context, int type)
    {
        var socket = new ZmqSocketHandle();
        bool referenced = false;
        context.DangerousAddRef(ref referenced);
        socket._context = context;
        socket.SetHandle(LibZmq.zmq_socket(context, type));
        if (!socket.IsInvalid)
            return socket;
        var failure = new ZmqException("zmq_socket");
        context.DangerousRelease();
        throw failure;
    }

    protected override bool ReleaseHandle()
    {
        bool closed = LibZmq.zmq_close(handle) == 0;
        _context?.DangerousRelease();
        return closed;
    }
}
