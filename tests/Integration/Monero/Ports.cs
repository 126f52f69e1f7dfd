using System.Net;
using System.Net.Sockets;

namespace P2PMiner.Integration.Tests.Monero;

/// <summary>
/// TCP ports for servers that are told where to listen. They lie below those that systems give to outgoing connections
/// (from 32768 on Linux, 49152 elsewhere), or a client could take the port of a server that is about to start again.
/// </summary>
internal static class Ports
{
    private const int First = 12_000;
    private const int Last = 32_000;

    // Test runs side by side begin at different places.
    private static int _next = First + Environment.ProcessId * 97 % (Last - First);

    /// <summary>A port of the loopback interface that nobody uses now and nobody else in this process gets.</summary>
    public static int Take()
    {
        while (true)
        {
            int port = First + Interlocked.Increment(ref _next) % (Last - First);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // The next one, then.
            }
        }
    }
}
