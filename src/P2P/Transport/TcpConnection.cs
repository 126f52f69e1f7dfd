using System.Net;
using System.Net.Sockets;
using P2PMiner.P2P.Addresses;

namespace P2PMiner.P2P.Transport;

/// <summary>A connected socket. A read into an empty buffer waits for bytes without holding memory for them.</summary>
internal sealed class TcpConnection : ITransportConnection
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    /// <exception cref="SocketException">The remote has gone already.</exception>
    internal TcpConnection(Socket socket)
    {
        _socket = socket;
        LocalAddress = Multiaddr.FromTcp((IPEndPoint)socket.LocalEndPoint!);
        RemoteAddress = Multiaddr.FromTcp((IPEndPoint)socket.RemoteEndPoint!);
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    public Stream Stream => _stream;

    public Multiaddr LocalAddress { get; }

    public Multiaddr RemoteAddress { get; }

    public void Abort()
    {
        try
        {
            _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is gone already.
        }
        _stream.Dispose();
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
