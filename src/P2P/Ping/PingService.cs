using System.Security.Cryptography;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Ping;

/// <summary>Measures round trips (libp2p/specs, ping/ping.md): 32 random bytes are sent and come back.</summary>
internal sealed class PingService
{
    internal const string Id = "/ipfs/ping/1.0.0";

    private const int Size = 32;

    /// <summary>Streams of one peer that are served at once (ping/ping.md: should).</summary>
    private const int MaxServed = 2;

    /// <summary>Streams to one peer at once (ping/ping.md: must).</summary>
    private const int MaxOpened = 1;

    /// <summary>
    /// More than are served: js-libp2p makes a stream for each ping, and on a busy machine the next may come before we have seen the end of
    /// the last. It waits a little.
    /// </summary>
    private static readonly HandlerLimits Limits = new(Inbound: 8, Outbound: MaxOpened);

    /// <summary>How long a stream waits to be served before it is reset; half of what js-libp2p and go-libp2p wait for the answer.</summary>
    private static readonly TimeSpan TurnTimeout = TimeSpan.FromSeconds(5);

    /// <summary>For one round trip. As js-libp2p and go-libp2p.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>A remote that leaves its stream open without pinging gives it up after so long. As go-libp2p.</summary>
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);

    private readonly INetwork _network;
    private readonly PeerTurns _opening = new(MaxOpened);
    private readonly PeerTurns _serving = new(MaxServed);

    internal PingService(INetwork network)
    {
        _network = network;
        network.Handle(Id, ServeAsync, Limits);
    }

    /// <summary>One round trip; several to the same peer take their turns.</summary>
    /// <exception cref="IOException">The connection or the stream failed, or the peer does not serve pings.</exception>
    /// <exception cref="ProtocolException">Other bytes came back.</exception>
    /// <exception cref="TimeoutException">Nothing came back in time.</exception>
    internal async Task<TimeSpan> PingAsync(IPeerConnection connection, CancellationToken cancellation)
    {
        using IDisposable turn = await _opening.EnterAsync(connection.RemotePeer, cancellation).ConfigureAwait(false);
        using Deadline deadline = new(Timeout, _network.Time, cancellation);
        try
        {
            return await ExchangeAsync(connection, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (deadline.IsOver)
        {
            throw new TimeoutException($"{connection.RemotePeer} did not answer a ping within {Timeout.TotalSeconds} s", e);
        }
    }

    private async Task<TimeSpan> ExchangeAsync(IPeerConnection connection, CancellationToken cancellation)
    {
        PeerStream stream = await connection.OpenStreamAsync([Id], cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            byte[] sent = RandomNumberGenerator.GetBytes(Size);
            byte[] received = new byte[Size];
            long start = _network.Time.GetTimestamp();
            await stream.WriteAsync(sent, cancellation).ConfigureAwait(false);
            await stream.ReadExactlyAsync(received, cancellation).ConfigureAwait(false);
            TimeSpan roundTrip = _network.Time.GetElapsedTime(start);
            if (!received.AsSpan().SequenceEqual(sent))
                throw new ProtocolException($"{connection.RemotePeer} sent back other bytes than those of the ping");
            await stream.FinishAsync(_network.Time, cancellation).ConfigureAwait(false);
            return roundTrip;
        }
    }

    private async Task ServeAsync(PeerStream stream, CancellationToken cancellation)
    {
        using Deadline wait = new(TurnTimeout, _network.Time, cancellation);
        try
        {
            using IDisposable turn = await _serving.EnterAsync(stream.Connection.RemotePeer, wait.Token).ConfigureAwait(false);
            await EchoAsync(stream, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Its turn did not come, or nothing came on it.
            stream.Reset();
        }
    }

    private async Task EchoAsync(PeerStream stream, CancellationToken cancellation)
    {
        byte[] buffer = new byte[Size];
        while (true)
        {
            using Deadline deadline = new(IdleTimeout, _network.Time, cancellation);
            int count = await stream.ReadAtLeastAsync(buffer, Size, throwOnEndOfStream: false, deadline.Token).ConfigureAwait(false);
            if (count < Size)
                break;
            await stream.WriteAsync(buffer, deadline.Token).ConfigureAwait(false);
        }
        await stream.CloseWriteAsync(cancellation).ConfigureAwait(false);
    }
}
