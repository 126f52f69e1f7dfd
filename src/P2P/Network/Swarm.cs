using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Transport;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Network;

/// <summary>The host's connections: accepts and dials, admits and trims them, finds the one for a stream, and tells of all changes.</summary>
internal sealed class Swarm : INetwork, IAsyncDisposable
{
    /// <summary>Held while a connection comes or goes, so that events are in the order of what happened.</summary>
    private readonly Lock _changing = new();
    private readonly SwarmOptions _options;
    private readonly ILogger _logger;
    private readonly EventSequence _events;
    private readonly ProtocolTable _protocols = new();
    private readonly ConnectionTable _table;
    private readonly Admission _admission;
    private readonly InboundGate _gate;
    private readonly Listeners _listeners;
    private readonly Upgrader _upgrader;
    private readonly Dialer _dialer;
    private readonly TaskTracker _tasks;
    private readonly ConnectionServices _services;
    private readonly CancellationTokenSource _stop = new();
    private ITimer? _surplusTimer;

    internal Swarm(SwarmOptions options, ILoggerFactory loggers)
    {
        _options = options;
        _logger = loggers.CreateLogger("P2PMiner.P2P.Network");
        LocalPeer = options.Key.ToPublicKey().ToPeerId();
        Peers = new PeerStore(options.Time);
        _events = new EventSequence(Report);
        _tasks = new TaskTracker(Report);
        _table = new ConnectionTable(LocalPeer, () => Services.NewShare());
        _admission = new Admission(_table, options, LocalPeer);
        _gate = new InboundGate(options.Limits, options.Time);
        _listeners = new Listeners(options.Transports, OnAccepted, RaiseLocalInfoChanged, Die, options.Time, _logger);
        UpgradeOptions upgrade = new(options.Key, options.PreSharedKey, options.EarlyMultiplexer, options.Limits);
        _upgrader = new Upgrader(upgrade, options.Time, loggers);
        _dialer = new Dialer(options, EstablishOutboundAsync, () => ListenAddresses, _logger, _stop.Token);
        _services = new ConnectionServices(
            _protocols,
            options.Limits,
            new StreamBudget(options.Limits.MaxStreams, options.Limits.MaxConnections),
            new MemoryBudget(options.Limits.MaxStreamMemory),
            _tasks,
            options.Time,
            OnStreamFailed,
            _stop.Token);
    }

    public event Action<IPeerConnection>? ConnectionOpened;

    public event Action<IPeerConnection>? ConnectionClosed;

    public event Action<PeerId>? PeerConnected;

    public event Action<PeerId>? PeerDisconnected;

    public event Action<IdentifiedPeer>? Identified;

    public event Action? LocalInfoChanged;

    /// <summary>A handshake proved who the remote is; raised before <see cref="PeerConnected"/> and <see cref="ConnectionOpened"/>.</summary>
    internal event Action<SecuredConnection>? Secured;

    /// <summary>A handler of a stream threw.</summary>
    internal event Action<StreamFailure>? StreamFailed;

    /// <summary>Something threw that nobody awaits: a defect, but the host goes on.</summary>
    internal event Action<Exception>? Failed;

    /// <summary>A loop without which the host is of no use has ended.</summary>
    internal event Action<Exception>? Died;

    public PeerId LocalPeer { get; }

    public Ed25519KeyPair Key => _options.Key;

    public TimeProvider Time => _options.Time;

    public IReadOnlyList<Multiaddr> ListenAddresses => _listeners.Addresses;

    public IReadOnlyList<string> Protocols => _protocols.Protocols;

    public PeerStore Peers { get; }

    public IReadOnlyList<IPeerConnection> Connections => _table.All;

    internal InboundGate Gate => _gate;

    internal Dialer Dialer => _dialer;

    internal ConnectionServices Services => _services;

    /// <exception cref="IOException">An address cannot be listened on.</exception>
    internal async Task BindAsync(CancellationToken cancellation)
    {
        await _listeners.BindAsync(_options.Listen, cancellation).ConfigureAwait(false);
        RaiseLocalInfoChanged();
    }

    /// <summary>Lets connections in: all protocols of the start are registered by now.</summary>
    internal void Start()
    {
        _surplusTimer = Time.CreateTimer(_ => CloseSurplus(), null, _options.Limits.SurplusGrace, _options.Limits.SurplusGrace / 2);
        _listeners.Start();
    }

    public IPeerConnection? FindConnection(PeerId peer) => _table.Find(peer);

    public async ValueTask<IPeerConnection> ConnectAsync(PeerId peer, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (_table.Find(peer) is { } open)
            return open;
        ThrowIfOurselves(peer);
        IReadOnlyList<Multiaddr> addresses = Peers.Addresses(peer);
        if (addresses.Count == 0)
            throw new DialException($"no address of {peer} is known");
        return await _dialer.DialPeerAsync(peer, addresses, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<IPeerConnection> DialAsync(Multiaddr address, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (address.Peer is { } peer)
        {
            ThrowIfOurselves(peer);
            if (_table.Find(peer) is { } open)
                return open;
        }
        return await _dialer.DialAddressAsync(address, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<PeerStream> OpenStreamAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellation = default)
    {
        IPeerConnection connection = await ConnectAsync(peer, cancellation).ConfigureAwait(false);
        return await connection.OpenStreamAsync(protocols, cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisconnectAsync(PeerId peer, CancellationToken cancellation = default) =>
        await Task.WhenAll(_table.Of(peer).Select(connection => connection.CloseAsync(cancellation).AsTask())).ConfigureAwait(false);

    public void Handle(string protocol, StreamHandler handler, HandlerLimits? limits = null)
    {
        if (_protocols.Set(protocol, new ProtocolHandler(handler, limits ?? new HandlerLimits())))
            RaiseLocalInfoChanged();
    }

    public void Unhandle(string protocol)
    {
        if (_protocols.Remove(protocol))
            RaiseLocalInfoChanged();
    }

    public void SetValue(PeerId peer, string tag, int value) => _table.SetValue(peer, tag, value);

    /// <summary>Tells of what identify has read, in order with the other events.</summary>
    internal void RaiseIdentified(IdentifiedPeer identified) => _events.Post(() => Identified?.Invoke(identified));

    /// <summary>Closes everything; remotes are told as far as they listen.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_surplusTimer is not null)
            await _surplusTimer.DisposeAsync().ConfigureAwait(false);
        await _listeners.DisposeAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        Connection[] connections;
        // Whoever did not see the stop yet has added its connection by then.
        lock (_changing)
            connections = [.. _table.All.Cast<Connection>()];
        await Task.WhenAll(connections.Select(static connection => connection.CloseAsync().AsTask())).ConfigureAwait(false);
        await Task.WhenAll(connections.Select(static connection => connection.Completion)).ConfigureAwait(false);
        await _tasks.WhenIdle().ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <returns>Whether it was let in.</returns>
    private bool OnAccepted(ITransportConnection raw)
    {
        InboundGate.Pass? pass = Admit(raw, out string reason);
        if (pass is not null)
            _tasks.Run(() => EstablishInboundAsync(raw, pass));
        else
            Refuse(raw, reason);
        return pass is not null;
    }

    private InboundGate.Pass? Admit(ITransportConnection raw, out string reason)
    {
        reason = "addresses of this kind are not let in";
        if (_options.InboundFilter is { } filter && !filter(raw.RemoteAddress))
            return null;
        reason = "the limit of connections is reached";
        return _admission.MayHaveRoom() ? _gate.TryEnter(raw.RemoteAddress.TcpEndPoint?.Address, out reason) : null;
    }

    private async Task EstablishInboundAsync(ITransportConnection raw, InboundGate.Pass pass)
    {
        bool kept = false;
        using Deadline deadline = new(_options.Limits.InboundUpgradeTimeout, Time, _stop.Token);
        try
        {
            Connection connection = await EstablishAsync(raw, Direction.Inbound, null, deadline.Token).ConfigureAwait(false);
            pass.Opened();
            connection.Closed.UnsafeRegister(static state => ((InboundGate.Pass)state!).Dispose(), pass);
            kept = true;
        }
        catch (IOException e)
        {
            Refuse(raw, e.Message);
        }
        catch (OperationCanceledException) when (deadline.IsOver)
        {
            Refuse(raw, "the handshakes took too long");
        }
        finally
        {
            if (!kept)
                pass.Dispose();
        }
    }

    private Task<Connection> EstablishOutboundAsync(ITransportConnection raw, PeerId? expected, CancellationToken cancellation) =>
        EstablishAsync(raw, Direction.Outbound, expected, cancellation);

    private async Task<Connection> EstablishAsync(ITransportConnection raw, Direction direction, PeerId? expected, CancellationToken cancellation)
    {
        UpgradedChannel channel = await _upgrader.UpgradeAsync(
            raw, direction, expected, secured => RaiseSecured(secured, direction), cancellation).ConfigureAwait(false);
        Connection connection = new(channel, direction, _services);
        if (Keep(connection) is not { } refusal)
            return connection;
        connection.Abort(refusal);
        throw new IOException(refusal);
    }

    /// <returns>Null if the connection is one of ours now, else why not.</returns>
    private string? Keep(Connection connection)
    {
        IPeerConnection? victim;
        lock (_changing)
        {
            (string? refusal, victim) = _admission.Judge(connection);
            if (refusal is not null || _stop.IsCancellationRequested)
                return refusal ?? "the host stops";
            // Gone from the table at once, so that two newcomers do not both count on its place.
            if (victim is not null)
                Forget((Connection)victim);
            Remember(connection);
        }
        if (victim is not null)
            Trim((Connection)victim);
        _events.RaiseWaiting();
        connection.Closed.UnsafeRegister(_ => OnClosed(connection), null);
        return null;
    }

    private void OnClosed(Connection connection)
    {
        lock (_changing)
            Forget(connection);
        _events.RaiseWaiting();
    }

    private void Remember(Connection connection)
    {
        bool first = _table.Add(connection);
        _dialer.Backoff.Forget(connection.RemotePeer, Peers.Addresses(connection.RemotePeer));
        Peers.SetConnected(connection.RemotePeer, connected: true);
        NetworkMetrics.ConnectionChanged(1, connection.Direction);
        NetworkLog.Opened(_logger, connection.Direction, connection.RemotePeer, connection.RemoteAddress);
        _events.Enqueue(() =>
        {
            if (first)
                PeerConnected?.Invoke(connection.RemotePeer);
            ConnectionOpened?.Invoke(connection);
        });
        // In this order even while another thread raises the events, or if a handler throws.
        _events.Enqueue(connection.Start);
    }

    private void Forget(Connection connection)
    {
        (bool removed, bool last) = _table.Remove(connection);
        if (!removed)
            return;
        if (last)
            Peers.SetConnected(connection.RemotePeer, connected: false);
        NetworkMetrics.ConnectionChanged(-1, connection.Direction);
        NetworkLog.Ended(_logger, connection.Direction, connection.RemotePeer, connection.RemoteAddress, connection.CloseReason);
        _events.Enqueue(() =>
        {
            ConnectionClosed?.Invoke(connection);
            if (last)
                PeerDisconnected?.Invoke(connection.RemotePeer);
        });
    }

    private void Trim(Connection old)
    {
        NetworkLog.Trimmed(_logger, old.RemotePeer);
        NetworkMetrics.ConnectionTrimmed();
        _tasks.Run(() => old.CloseAsync().AsTask());
    }

    private void CloseSurplus()
    {
        DateTimeOffset now = Time.GetUtcNow();
        foreach (Connection connection in _table.Surplus())
        {
            if (connection.StreamCount == 0 && now - connection.Opened >= _options.Limits.SurplusGrace)
                _tasks.Run(() => connection.CloseAsync().AsTask());
        }
    }

    private void Refuse(ITransportConnection raw, string reason)
    {
        NetworkMetrics.InboundRefused();
        NetworkLog.Refused(_logger, raw.RemoteAddress, reason);
        raw.Abort();
    }

    private void RaiseSecured(SecuredPeer peer, Direction direction)
    {
        SecuredConnection secured = new(peer.Peer, direction, Noise.NoiseHandshake.ProtocolId, peer.EarlyMultiplexer, peer.Multiplexers);
        _events.Post(() => Secured?.Invoke(secured));
    }

    private void RaiseLocalInfoChanged() => _events.Post(() => LocalInfoChanged?.Invoke());

    private void OnStreamFailed(StreamFailure failure)
    {
        NetworkMetrics.StreamFailed(failure.Protocol);
        NetworkLog.StreamFailed(_logger, failure.Protocol, failure.Connection.RemotePeer, failure.Error.Message);
        _events.Post(() => StreamFailed?.Invoke(failure));
    }

    private void Report(Exception error)
    {
        NetworkLog.Failed(_logger, error);
        Failed?.Invoke(error);
    }

    private void Die(Exception error)
    {
        NetworkLog.Failed(_logger, error);
        Died?.Invoke(error);
    }

    private void ThrowIfOurselves(PeerId peer)
    {
        if (peer.Equals(LocalPeer))
            throw new DialException("cannot dial oneself");
    }
}
