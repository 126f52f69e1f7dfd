using System.Net;
using System.Net.Sockets;

namespace P2PMiner.P2P.Mdns;

/// <summary>
/// A UDP socket in the group 224.0.0.251 or ff02::fb (RFC 6762 §3), on one interface, on a port that other sockets of this
/// machine share. It is bound to the group's address where the system allows that: then nobody else's unicast packets end
/// up here, and packets from outside the link cannot come at all.
/// </summary>
internal sealed class MdnsSocket : IMdnsSocket
{
    // RFC 6762 §11.
    private const int TimeToLive = 255;

    // Linux: receive what this socket joined, not what any socket of the machine joined (ip(7), IP_MULTICAST_ALL).
    private const int IpLevel = 0;
    private const int IpMulticastAll = 49;

    private static readonly IPAddress GroupV4 = new([224, 0, 0, 251]);
    private static readonly IPAddress GroupV6 = IPAddress.Parse("ff02::fb");

    private readonly Socket _socket;
    private readonly IPEndPoint _group;

    private MdnsSocket(Socket socket, IPEndPoint group)
    {
        _socket = socket;
        _group = group;
    }

    /// <exception cref="SocketException">The group cannot be joined on this interface now, or the port is not shared.</exception>
    public static MdnsSocket Open(MdnsInterface place, int port)
    {
        var socket = new Socket(place.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            // Sets SO_REUSEPORT as well where there is one, which the BSDs ask for.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            IPEndPoint group = place.Address.AddressFamily == AddressFamily.InterNetwork
                ? JoinV4(socket, place, port)
                : JoinV6(socket, place, port);
            return new MdnsSocket(socket, group);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
        await _socket.SendToAsync(message, SocketFlags.None, _group, cancellation).ConfigureAwait(false);

    public async ValueTask<(int Size, IPAddress Source)> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        SocketReceiveFromResult received =
            await _socket.ReceiveFromAsync(buffer, SocketFlags.None, _group, cancellation).ConfigureAwait(false);
        return (received.ReceivedBytes, ((IPEndPoint)received.RemoteEndPoint).Address);
    }

    public void Dispose() => _socket.Dispose();

    private static IPEndPoint JoinV4(Socket socket, MdnsInterface place, int port)
    {
        var group = new IPEndPoint(GroupV4, port);
        socket.Bind(OperatingSystem.IsWindows() ? new IPEndPoint(IPAddress.Any, port) : group);
        if (OperatingSystem.IsLinux())
            socket.SetRawSocketOption(IpLevel, IpMulticastAll, stackalloc byte[sizeof(int)]);
        socket.SetSocketOption(
            SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(GroupV4, place.Index));
        // By address and not by index: the address also becomes the source of what is sent.
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, place.Address.GetAddressBytes());
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, TimeToLive);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastLoopback, true);
        return group;
    }

    private static IPEndPoint JoinV6(Socket socket, MdnsInterface place, int port)
    {
        // A scope in the address binds the socket to the interface.
        var group = new IPEndPoint(new IPAddress(GroupV6.GetAddressBytes(), place.Index), port);
        socket.DualMode = false;
        socket.Bind(OperatingSystem.IsWindows() ? new IPEndPoint(IPAddress.IPv6Any, port) : group);
        socket.SetSocketOption(
            SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(GroupV6, place.Index));
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, place.Index);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, TimeToLive);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastLoopback, true);
        return group;
    }
}
