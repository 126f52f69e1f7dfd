using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Serving;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Dht.Messaging;

/// <summary>
/// Serves the streams that others open: any number of requests, one after the other, until they close it. Whoever breaks a rule loses the
/// stream, whoever asks too fast waits (libp2p/specs, kad-dht/README.md, "RPC messages").
/// </summary>
internal sealed class MessageServer(RequestHandler handler, RequestRates rates, TimeProvider time, ILogger logger)
{
    /// <summary>How long a stream may rest between requests, and how long one request may take to come (js and rust: 10 s, go: 60 s).</summary>
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(30);

    /// <summary>How long the asker may take to read the answer.</summary>
    private static readonly TimeSpan WriteTime = TimeSpan.FromSeconds(10);

    internal async Task ServeAsync(PeerStream stream, CancellationToken cancellation)
    {
        Asker asker = new(stream.Connection.RemotePeer, AddressFilter.ScopeOf(stream.Connection.RemoteAddress));
        using CancellationTokenSource limit = new(IdleTime, time);
        using CancellationTokenRegistration stop = cancellation.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), limit);
        using MessageReader reader = new(stream, WireLimits.MaxRequestSize);
        try
        {
            while (await reader.ReadAsync(limit.Token).ConfigureAwait(false) is DhtMessage request)
            {
                await rates.WaitAsync(asker.Peer, cancellation).ConfigureAwait(false);
                DhtMessage? answer = handler.Handle(asker, request);
                limit.CancelAfter(WriteTime);
                if (answer is not null)
                    await MessageWriter.WriteAsync(stream, answer, limit.Token).ConfigureAwait(false);
                limit.CancelAfter(IdleTime);
            }
            await stream.CloseWriteAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is InvalidDataException or IOException or OperationCanceledException)
        {
            if (error is InvalidDataException)
                DhtLog.RequestRefused(logger, asker.Peer, error.Message);
            stream.Reset();
        }
    }
}
