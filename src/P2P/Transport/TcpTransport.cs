using System.Net;
using System.Net.Sockets;
using P2PMiner.P2P.Addresses;

namespace P2PMiner.P2P.Transport;

/// <summary>
/// TCP over IPv4 and IPv6: addresses /ip4/A/tcp/P and /ip6/A/tcp/P, with or without /p2p at the end (libp2p/specs,
/// addressing/README.md, "TCP").
/// </summary>
public sealed class TcpTransport : ITransport
{
    /// <summary>Connections that the system completes before they are accepted.</summary>
    private const int Backlog = 512;

    public bool Handles(Multiaddr address) =>
        address.TcpEndPoint is { } endPoint && Multiaddr.FromTcp(endPoint).Equals(address.WithoutPeer());

    public async ValueTask<ITransportConnection> DialAsync(Multiaddr address, CancellationToken cancellation)
    {
        IPEndPoint endPoint = EndPointOf(address);
        Socket socket = NewSocket(endPoint);
        try
        {
            await socket.ConnectAsync(endPoint, cancellation).ConfigureAwait(false);
            return new TcpConnection(socket);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"{address}: {Describe(e)}", e);
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            throw;
        }
    }

    public ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellation)
    {
        IPEndPoint endPoint = EndPointOf(address);
        Socket socket = NewSocket(endPoint);
        try
        {
            // The wildcard of IPv6 must not take the port of IPv4's: both are listened on side by side.
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = false;
            // No ReuseAddress: the framework lets a port in TIME_WAIT be taken again by itself, and with the option .NET would
            // let a second process share the port.
            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return ValueTask.FromResult<ITransportListener>(new TcpTransportListener(socket));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"cannot listen on {address}: {Describe(e)}", e);
        }
    }

    private static Socket NewSocket(IPEndPoint endPoint) =>
        new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private IPEndPoint EndPointOf(Multiaddr address) =>
        Handles(address) ? address.TcpEndPoint! : throw new IOException($"{address}: not an address of TCP over IP");

    private static string Describe(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "the address is in use",
        SocketError.AddressNotAvailable => "this machine has no such address",
        SocketError.AccessDenied => "not allowed",
        SocketError.ConnectionRefused => "connection refused",
        SocketError.TimedOut => "no answer",
        SocketError.HostUnreachable => "host unreachable",
        SocketError.NetworkUnreachable => "network unreachable",
        SocketError.AddressFamilyNotSupported => "this machine does not speak this version of IP",
        _ => e.Message,
    };
}
