using Microsoft.Extensions.Logging;
using P2PMiner.Node.Interop;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// Listens to what daemons publish under <c>json-minimal-chain_main</c> (monero-project/monero, docs/ZMQ.md): one
/// message for every change of their main chain. It is taken as a hint that there is something to ask for, and its
/// content is not believed.
/// </summary>
/// <param name="addresses">As <c>tcp://host:port</c>.</param>
/// <param name="chainChanged">Called on the listening thread.</param>
/// <param name="logger">Told when nothing can be listened to.</param>
internal sealed class ZmqSubscriber(IReadOnlyList<string> addresses, Action chainChanged, ILogger logger)
{
    /// <summary>Longer messages are dropped by libzmq and end the connection.</summary>
    private const long MaxMessageBytes = 1024 * 1024;

    /// <summary>Messages that libzmq keeps for us; a publisher drops what exceeds it.</summary>
    private const int MaxQueuedMessages = 16;

    private const int ReconnectMilliseconds = 500;
    private const int LongestReconnectMilliseconds = 5000;

    /// <summary>How long the thread may sleep in libzmq, and so how long stopping takes at most.</summary>
    private const int ReceiveMilliseconds = 200;

    private static ReadOnlySpan<byte> Topic => "json-minimal-chain_main"u8;

    /// <summary>Listens until cancelled. Returns at once when libzmq is not installed.</summary>
    public Task RunAsync(CancellationToken cancellation)
    {
        if (!ZmqLibrary.IsAvailable)
        {
            logger.LogWarning("libzmq is not installed, so new blocks are noticed by polling; install libzmq5 to notice them sooner");
            return Task.CompletedTask;
        }
        return Task.Factory.StartNew(() => TryListen(cancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private void TryListen(CancellationToken cancellation)
    {
        try
        {
            Listen(cancellation);
        }
        catch (ZmqException exception)
        {
            logger.LogWarning("New blocks are noticed by polling from now on: {Error}", exception.Message);
        }
    }

    private void Listen(CancellationToken cancellation)
    {
        using ZmqContextHandle context = ZmqContextHandle.Create();
        using ZmqSocketHandle socket = ZmqSocketHandle.Create(context, LibZmq.ZMQ_SUB);
        Configure(socket);
        foreach (string address in addresses)
        {
            if (LibZmq.zmq_connect(socket, address) != 0)
                logger.LogWarning("'{Address}' is not a ZMQ address: write tcp://host:port as the daemon's --zmq-pub has it", address);
        }
        Span<byte> message = stackalloc byte[Topic.Length];
        while (!cancellation.IsCancellationRequested)
        {
            int length = LibZmq.zmq_recv(socket, message, (nuint)message.Length, 0);
            if (length >= Topic.Length && message.StartsWith(Topic))
                chainChanged();
            else if (length < 0 && LibZmq.zmq_errno() is int error && error != LibZmq.EAGAIN && error != LibZmq.EINTR)
                throw new ZmqException(nameof(LibZmq.zmq_recv));
        }
    }

    private static void Configure(ZmqSocketHandle socket)
    {
        SetInt32(socket, LibZmq.ZMQ_IPV6, 1);
        SetInt32(socket, LibZmq.ZMQ_LINGER, 0);
        SetInt32(socket, LibZmq.ZMQ_RCVHWM, MaxQueuedMessages);
        SetInt32(socket, LibZmq.ZMQ_RCVTIMEO, ReceiveMilliseconds);
        SetInt32(socket, LibZmq.ZMQ_RECONNECT_IVL, ReconnectMilliseconds);
        SetInt32(socket, LibZmq.ZMQ_RECONNECT_IVL_MAX, LongestReconnectMilliseconds);
        Span<byte> size = stackalloc byte[sizeof(long)];
        BitConverter.TryWriteBytes(size, MaxMessageBytes);
        Set(socket, LibZmq.ZMQ_MAXMSGSIZE, size);
        Set(socket, LibZmq.ZMQ_SUBSCRIBE, Topic);
    }

    private static void SetInt32(ZmqSocketHandle socket, int option, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BitConverter.TryWriteBytes(bytes, value);
        Set(socket, option, bytes);
    }

    private static void Set(ZmqSocketHandle socket, int option, ReadOnlySpan<byte> value)
    {
        if (LibZmq.zmq_setsockopt(socket, option, value, (nuint)value.Length) != 0)
            throw new ZmqException(nameof(LibZmq.zmq_setsockopt));
    }
}
