using System.Net;
using System.Net.Sockets;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Tests.Mdns;
using P2PMiner.P2P.Transport;

namespace P2PMiner.Integration.Tests.Cluster.Hostile;

/// <summary>Dials from another machine, from each of its addresses in turn.</summary>
internal sealed class MachineTransport(NetworkNamespace machine, IReadOnlyList<string> addresses) : ITransport
{
    private int _dials;

    public bool Handles(Multiaddr address) => address.TcpEndPoint is { AddressFamily: AddressFamily.InterNetwork };

    public async ValueTask<ITransportConnection> DialAsync(Multiaddr address, CancellationToken cancellation)
    {
        IPEndPoint from = new(IPAddress.Parse(addresses[Interlocked.Increment(ref _dials) % addresses.Count]), 0);
        Socket socket = machine.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            socket.Bind(from);
            await socket.ConnectAsync(address.TcpEndPoint!, cancellation);
            return new Link(socket);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            throw new IOException($"{address}: {error.Message}", error);
        }
    }

    public ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellation) =>
        throw new IOException("nobody is let in here");

    private sealed class Link(Socket socket) : ITransportConnection
    {
        public Stream Stream { get; } = new NetworkStream(socket, ownsSocket: true);

        public Multiaddr LocalAddress { get; } = Multiaddr.FromTcp((IPEndPoint)socket.LocalEndPoint!);

        public Multiaddr RemoteAddress { get; } = Multiaddr.FromTcp((IPEndPoint)socket.RemoteEndPoint!);

        public void Abort()
        {
            try
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // It is gone already.
            }
            Stream.Dispose();
        }

        public ValueTask DisposeAsync() => Stream.DisposeAsync();
    }
}
