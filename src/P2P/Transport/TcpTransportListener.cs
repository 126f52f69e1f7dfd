using System.Net;
using System.Net.Sockets;
using P2PMiner.P2P.Addresses;

namespace P2PMiner.P2P.Transport;

internal sealed class TcpTransportListener(Socket socket) : ITransportListener
{
    private volatile bool _disposed;

    public Multiaddr Address { get; } = Multiaddr.FromTcp((IPEndPoint)socket.LocalEndPoint!);

    public async ValueTask<ITransportConnection?> AcceptAsync(CancellationToken cancellation)
    {
        while (!_disposed)
        {
            Socket? accepted = null;
            try
            {
                accepted = await socket.AcceptAsync(cancellation).ConfigureAwait(false);
                accepted.NoDelay = true;
                return new TcpConnection(accepted);
            }
            catch (Exception e) when (_disposed && e is SocketException or ObjectDisposedException)
            {
                accepted?.Dispose();
                return null;
            }
            catch (SocketException e) when (accepted is not null || IsOfTheRemote(e))
            {
                // The remote gave up between connecting and being accepted.
                accepted?.Dispose();
            }
        }
        return null;
    }

    public ValueTask DisposeAsync()
    {
        _disposed = true;
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static bool IsOfTheRemote(SocketException e) =>
        e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.NotConnected;
}
