using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Negotiation;
using P2PMiner.P2P.Noise;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Network;

/// <summary>A connection over Noise and Yamux: negotiates, counts and serves the streams on it.</summary>
internal sealed class Connection : IPeerConnection
{
    private readonly ConnectionServices _services;
    private readonly UpgradedChannel _channel;
    private readonly YamuxSession _session;
    private readonly OpenStreams _open = new();
    private readonly NegotiationQueue _negotiations;
    private PeerShare? _share;

    internal Connection(UpgradedChannel channel, Direction direction, ConnectionServices services)
    {
        (_channel, _services, Direction) = (channel, services, direction);
        _session = channel.Session;
        Opened = services.Time.GetUtcNow();
        _negotiations = new NegotiationQueue(
            services.Limits.MaxNegotiationsPerConnection, services.Limits.MaxStreamsPerConnection, services.Limits.NegotiationTimeout, services.Time);
    }

    public PeerId RemotePeer => _channel.Secured.Peer;

    public PublicKey RemoteKey => _channel.Secured.Key;

    public Multiaddr RemoteAddress => _channel.Raw.RemoteAddress;

    public Multiaddr LocalAddress => _channel.Raw.LocalAddress;

    public Direction Direction { get; }

    public string Security => NoiseHandshake.ProtocolId;

    public string Multiplexer => YamuxSession.ProtocolId;

    public bool EarlyMultiplexer => _channel.Secured.EarlyMultiplexer;

    public IReadOnlyList<string> RemoteMultiplexers => _channel.Secured.Multiplexers;

    public DateTimeOffset Opened { get; }

    public int StreamCount => _session.StreamCount;

    public TimeSpan? RoundTrip => _session.RoundTrip;

    public CancellationToken Closed => _session.Closed;

    /// <summary>Why it ended; null while it has not.</summary>
    internal string? CloseReason => _session.CloseReason?.Message;

    /// <summary>Done when nothing of it is left.</summary>
    internal Task Completion { get; private set; } = Task.CompletedTask;

    private PeerShare Share => _share ?? throw new InvalidOperationException("the connection is not one of the host's yet");

    /// <summary>Makes it one of the connections that keep to this share together. To be called before anybody else knows of it.</summary>
    internal void Join(PeerShare share)
    {
        _share = share;
        _session.ShareMemory(share.Memory);
    }

    /// <summary>Lets streams come in. Whoever has to know of the connection first must know it by now.</summary>
    internal void Start()
    {
        _session.Start(this, Accept);
        Completion = EndAsync();
        Closed.UnsafeRegister(static connection => ((Connection)connection!).EndStreams(), this);
    }

    public async ValueTask<PeerStream> OpenStreamAsync(IReadOnlyList<string> protocols, CancellationToken cancellation = default)
    {
        if (!Share.TryTake(Direction.Outbound))
            throw new IOException("too many streams are open");
        PeerStream? raw = null;
        PeerStream? agreed = null;
        using Deadline deadline = new(_services.Limits.NegotiationTimeout, _services.Time, cancellation);
        try
        {
            raw = await _session.OpenStreamAsync(deadline.Token).ConfigureAwait(false);
            string protocol = await MultistreamSelect.SelectAsync(raw, protocols, deadline.Token).ConfigureAwait(false);
            agreed = TryCount(raw, protocol, OutboundLimit(protocol))
                ?? throw new IOException($"too many streams of {protocol} are open on this connection");
            return agreed;
        }
        catch (OperationCanceledException e) when (deadline.IsOver)
        {
            throw new TimeoutException($"no agreement on {string.Join(", ", protocols)} within {_services.Limits.NegotiationTimeout.TotalSeconds} s", e);
        }
        finally
        {
            if (agreed is null)
                Drop(raw, Direction.Outbound);
        }
    }

    public ValueTask<TimeSpan> PingAsync(CancellationToken cancellation = default) => _session.PingAsync(cancellation);

    public async ValueTask CloseAsync(CancellationToken cancellation = default)
    {
        using Deadline deadline = new(_services.Limits.CloseTimeout, _services.Time, cancellation);
        try
        {
            await _session.CloseAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsOver)
        {
            Abort("the remote does not read");
        }
    }

    public void Abort(string reason)
    {
        _session.Abort(reason);
        _channel.Raw.Abort();
    }

    /// <summary>Memory that the remote makes us hold, in bytes.</summary>
    internal long MemoryUsed => _session.MemoryUsed;

    /// <summary>The session has closed the stream of the raw connection; the transport may hold more than that.</summary>
    private async Task EndAsync()
    {
        try
        {
            await _session.Completion.ConfigureAwait(false);
        }
        finally
        {
            await _channel.Raw.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Accept(YamuxStream raw)
    {
        if (!Share.TryTake(Direction.Inbound))
        {
            raw.Reset();
            raw.Dispose();
            if (!Share.BearsRefusal())
                Abort("the remote opened streams far over the limit");
        }
        else
        {
            switch (_negotiations.Add(raw))
            {
                case NegotiationQueue.Turn.Now:
                    Serve(raw);
                    break;
                case NegotiationQueue.Turn.Never:
                    Drop(raw, Direction.Inbound);
                    break;
            }
        }
    }

    private void ServeNext()
    {
        while (_negotiations.Next(out bool isLate) is { } next)
        {
            if (!isLate)
            {
                Serve(next);
                return;
            }
            if (!next.IsOver)
                OnSilence();
            Drop(next, Direction.Inbound);
        }
    }

    /// <summary>The remote opened a stream and did not come to a protocol.</summary>
    private void OnSilence()
    {
        if (!Share.BearsSilence())
            Abort("the remote opened streams and said nothing on them");
    }

    private void Serve(YamuxStream raw) => _services.Handlers.Run(() => ServeAsync(raw));

    private async Task ServeAsync(YamuxStream raw)
    {
        PeerStream? agreed = null;
        try
        {
            (agreed, ProtocolHandler? handler) = await AgreeAsync(raw).ConfigureAwait(false);
            if (agreed is not null && handler is not null)
                await HandleAsync(agreed, handler).ConfigureAwait(false);
        }
        finally
        {
            if (agreed is null)
                Drop(raw, Direction.Inbound);
            else
                await agreed.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<(PeerStream? Stream, ProtocolHandler? Handler)> AgreeAsync(PeerStream raw)
    {
        using Deadline deadline = new(_services.Limits.NegotiationTimeout, _services.Time, Closed);
        try
        {
            string protocol = await MultistreamSelect
                .HandleAsync(raw, _services.Protocols.Contains, () => _services.Protocols.Protocols, deadline.Token).ConfigureAwait(false);
            return _services.Protocols.TryGet(protocol, out ProtocolHandler? handler)
                ? (TryCount(raw, protocol, handler.Limits.Inbound), handler)
                : (null, null);
        }
        catch (OperationCanceledException) when (deadline.IsOver)
        {
            OnSilence();
            return (null, null);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // A remote that asks for nothing we serve, talks nonsense or has gone loses this stream and nothing else.
            return (null, null);
        }
        finally
        {
            ServeNext();
        }
    }

    private async Task HandleAsync(PeerStream stream, ProtocolHandler handler)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(Closed, _services.Stopping);
        try
        {
            await handler.Handler(stream, ends.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (ends.IsCancellationRequested && e is OperationCanceledException or ConnectionClosedException)
        {
            // The connection ended under the handler.
        }
#pragma warning disable CA1031 // Whatever a handler throws is its own affair: it costs this stream and is reported.
        catch (Exception e)
#pragma warning restore CA1031
        {
            stream.Reset();
            _services.StreamFailed(new StreamFailure(this, stream.Protocol, e));
        }
    }

    private ProtocolStream? TryCount(PeerStream raw, string protocol, int limit)
    {
        ProtocolStream stream = new(raw, protocol, OnDisposed);
        if (!_open.TryAdd(stream, limit))
            return null;
        NetworkMetrics.StreamChanged(1, protocol, raw.Direction);
        return stream;
    }

    private void OnDisposed(ProtocolStream stream)
    {
        if (_open.Remove(stream))
            Uncount(stream);
    }

    /// <summary>Nobody needs to dispose of a stream whose connection is gone; its place is free all the same.</summary>
    private void EndStreams()
    {
        foreach (ProtocolStream stream in _open.End())
            Uncount(stream);
        foreach (YamuxStream stream in _negotiations.End())
            Drop(stream, Direction.Inbound);
    }

    private void Uncount(ProtocolStream stream)
    {
        Share.Return(stream.Direction);
        NetworkMetrics.StreamChanged(-1, stream.Protocol, stream.Direction);
    }

    private void Drop(PeerStream? raw, Direction direction)
    {
        raw?.Reset();
        raw?.Dispose();
        Share.Return(direction);
    }

    private int OutboundLimit(string protocol) =>
        _services.Protocols.TryGet(protocol, out ProtocolHandler? handler) ? handler.Limits.Outbound : _services.Limits.MaxStreamsPerConnection;
}
