using System.Net.Sockets;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Negotiation;
using P2PMiner.P2P.Noise;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>A socket to a host, with as much of the protocols on top as a test wants, and whatever bytes it likes after that.</summary>
internal sealed class RawRemote : IAsyncDisposable
{
    private readonly TcpClient _client = new() { NoDelay = true };

    private RawRemote() => Stream = Stream.Null;

    /// <summary>The raw socket, or the secured channel after <see cref="SecureAsync(Host, int)"/>.</summary>
    internal Stream Stream { get; private set; }

    internal static async Task<RawRemote> ConnectAsync(Host host)
    {
        RawRemote remote = new();
        try
        {
            await remote._client.ConnectAsync(host.Network.ListenAddresses[0].TcpEndPoint!).InTime();
            remote.Stream = remote._client.GetStream();
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            // Cut off at once: what is read from it then is the end.
        }
        return remote;
    }

    /// <summary>A remote that has gone through Noise and agreed on Yamux there.</summary>
    internal static async Task<RawRemote> SecureAsync(Host host, int seed)
    {
        RawRemote remote = await ConnectAsync(host);
        await remote.SecureItselfAsync(host, seed);
        return remote;
    }

    /// <summary>The same without a socket.</summary>
    internal static async Task<RawRemote> SecureAsync(Host host, int seed, MemoryTransport transport)
    {
        RawRemote remote = new() { Stream = (await transport.DialAsync(host.Network.ListenAddresses[0], CancellationToken.None)).Stream };
        await remote.SecureItselfAsync(host, seed);
        return remote;
    }

    private async Task SecureItselfAsync(Host host, int seed)
    {
        byte[] seedBytes = new byte[Ed25519KeyPair.SeedSize];
        BitConverter.TryWriteBytes(seedBytes, seed);
        await MultistreamSelect.SelectAsync(Stream, ["/noise"], CancellationToken.None).InTime();
        NoiseResult noise = await NoiseHandshake.DialAsync(
            Stream, Ed25519KeyPair.FromSeed(seedBytes), host.Id, ["/yamux/1.0.0"], CancellationToken.None).InTime();
        Stream = noise.Stream;
    }

    /// <summary>Opens streams and says nothing on them.</summary>
    internal async Task OpenSilentAsync(int first, int count) =>
        await WriteAsync([.. Enumerable.Range(first, count).SelectMany(static i => Frame(1, 1, 1 + (2 * (uint)i), 0))]);

    internal async Task WriteAsync(params byte[] bytes) => await Stream.WriteAsync(bytes).InTime();

    /// <summary>A Yamux header: version 0, type, flags, stream, length.</summary>
    internal static byte[] Frame(byte type, ushort flags, uint stream, uint length) =>
    [
        0, type, (byte)(flags >> 8), (byte)flags,
        (byte)(stream >> 24), (byte)(stream >> 16), (byte)(stream >> 8), (byte)stream,
        (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length,
    ];

    /// <summary>Reads until the host ends the connection, one way or the other.</summary>
    internal async Task ReadToEndAsync()
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await Stream.ReadAsync(buffer).InTime() > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset is an end, too.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        _client.Dispose();
    }
}
