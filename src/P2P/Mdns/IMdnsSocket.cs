using System.Net;

namespace P2PMiner.P2P.Mdns;

/// <summary>A member of the multicast group on one interface. A socket that failed once is disposed and made anew.</summary>
internal interface IMdnsSocket : IDisposable
{
    /// <exception cref="System.Net.Sockets.SocketException">The interface or the network is gone.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation);

    /// <summary>The next packet, cut to the size of the buffer, and who sent it.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The interface or the network is gone.</exception>
    ValueTask<(int Size, IPAddress Source)> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation);
}
