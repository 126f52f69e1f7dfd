using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Negotiation;
using P2PMiner.P2P.Noise;
using P2PMiner.P2P.PrivateNetwork;
using P2PMiner.P2P.Transport;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Network;

/// <summary>
/// Makes a raw connection one that is private, authenticated and multiplexed (libp2p/specs, connections/README.md, "Connection Establishment
/// in libp2p"): the private network's cipher if there is one, Noise, Yamux.
/// </summary>
internal sealed class Upgrader(UpgradeOptions options, TimeProvider time, ILoggerFactory loggers)
{
    private static readonly string[] Security = [NoiseHandshake.ProtocolId];
    private static readonly string[] Multiplexers = [YamuxSession.ProtocolId];

    private readonly ILogger _sessionLogger = loggers.CreateLogger("P2PMiner.P2P.Yamux");

    /// <param name="raw">Owned from here on: closed if anything fails.</param>
    /// <param name="direction">Who dialled.</param>
    /// <param name="expected">Who must answer, or null for anyone.</param>
    /// <param name="secured">Is called as soon as the remote's identity is proved.</param>
    /// <param name="cancellation">Ends the handshakes.</param>
    /// <exception cref="UpgradeException">A step failed or took too long.</exception>
    internal async Task<UpgradedChannel> UpgradeAsync(
        ITransportConnection raw, Direction direction, PeerId? expected, Action<SecuredPeer> secured, CancellationToken cancellation)
    {
        long started = time.GetTimestamp();
        bool done = false;
        try
        {
            UpgradedChannel channel = await RunStepsAsync(raw, direction, expected, secured, cancellation).ConfigureAwait(false);
            done = true;
            return channel;
        }
        finally
        {
            NetworkMetrics.HandshakeEnded(direction, done, time.GetElapsedTime(started));
            if (!done)
                raw.Abort();
        }
    }

    private async Task<UpgradedChannel> RunStepsAsync(
        ITransportConnection raw, Direction direction, PeerId? expected, Action<SecuredPeer> secured, CancellationToken cancellation)
    {
        Stream stream = raw.Stream;
        if (options.PreSharedKey is { } key)
            stream = await StepAsync("pnet", async token => await PskStream.OpenAsync(raw.Stream, key, token).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        await SelectAsync("security", stream, Security, direction, cancellation).ConfigureAwait(false);
        NoiseResult noise = await StepAsync("noise", token => SecureAsync(stream, direction, expected, token), cancellation).ConfigureAwait(false);
        SecuredPeer peer = new(noise.RemotePeer, noise.RemoteKey, noise.EarlyMultiplexer is not null, noise.RemoteMultiplexers);
        secured(peer);
        if (noise.EarlyMultiplexer is null)
            await SelectAsync("muxer", noise.Stream, Multiplexers, direction, cancellation).ConfigureAwait(false);
        YamuxSession session = new(noise.Stream, direction == Direction.Outbound, SessionOptions(), time, _sessionLogger);
        return new UpgradedChannel(raw, peer, session);
    }

    private Task<NoiseResult> SecureAsync(Stream stream, Direction direction, PeerId? expected, CancellationToken cancellation)
    {
        string[] offered = options.EarlyMultiplexer ? Multiplexers : [];
        return direction == Direction.Outbound
            ? NoiseHandshake.DialAsync(stream, options.Key, expected, offered, cancellation)
            : NoiseHandshake.AcceptAsync(stream, options.Key, expected, offered, cancellation);
    }

    private Task<string> SelectAsync(string step, Stream stream, string[] protocols, Direction direction, CancellationToken cancellation) =>
        StepAsync(
            step,
            async token => direction == Direction.Outbound
                ? await MultistreamSelect.SelectAsync(stream, protocols, token).ConfigureAwait(false)
                : await MultistreamSelect.HandleAsync(stream, protocols.Contains, () => protocols, token).ConfigureAwait(false),
            cancellation);

    private async Task<T> StepAsync<T>(string step, Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using Deadline deadline = new(options.Limits.UpgradeStepTimeout, time, cancellation);
        try
        {
            return await work(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (deadline.IsOver)
        {
            throw new UpgradeException(step, "the remote took too long", e);
        }
        catch (IOException e)
        {
            throw new UpgradeException(step, e.Message, e);
        }
    }

    private YamuxOptions SessionOptions() => new()
    {
        MaxInboundStreams = options.Limits.MaxStreamsPerConnection,
        MaxOutboundStreams = options.Limits.MaxStreamsPerConnection,
    };
}
