using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identify;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Ping;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P;

/// <summary>A libp2p host: one identity that listens, dials, opens and serves streams, and the protocols on top of these.</summary>
/// <remarks>
/// Where later parts have their place: relayed connections would be one more <see cref="Transport.ITransport"/>; AutoNAT and hole punching
/// would be services beside identify, the first fed by <see cref="ObservedAddresses"/>, the second dialling through <see cref="Network"/>.
/// </remarks>
public sealed class Host : IAsyncDisposable
{
    /// <summary>Stopping takes no longer; what then still runs is abandoned.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(3.5);

    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Swarm _swarm;
    private readonly IdentifyService _identify;
    private readonly PingService _ping;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _stopLock = new();
    private Task? _stopping;

    private Host(HostOptions options, ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger("P2PMiner.P2P.Host");
        _time = options.Time;
        _swarm = new Swarm(ToSwarmOptions(options), loggers);
        _identify = new IdentifyService(
            _swarm, options.AgentVersion, _swarm.RaiseIdentified, loggers.CreateLogger("P2PMiner.P2P.Identify"));
        _ping = new PingService(_swarm);
        // Services on top of these are made here, started in StartPartsAsync and stopped in StopPartsAsync.
        PubSub = options.PubSub is { } pubSub ? new GossipSub(_swarm, pubSub, loggers.CreateLogger<GossipSub>()) : null;
        Dht = options.Dht is { } dht
            ? new KademliaDht(
                _swarm, dht, loggers.CreateLogger("P2PMiner.P2P.Dht"), () => _swarm.ListenAddresses.Concat(_identify.Observed))
            : null;
        Mdns = options.Mdns is { } mdns ? new MdnsDiscovery(_swarm, mdns, loggers.CreateLogger("P2PMiner.P2P.Mdns")) : null;
        _swarm.Died += OnDied;
        if (Dht is not null)
            Dht.Failed += OnDied;
    }

    /// <summary>A handshake proved who a remote is. Raised before the events of <see cref="Network"/> for that connection.</summary>
    public event Action<SecuredConnection>? ConnectionSecured
    {
        add => _swarm.Secured += value;
        remove => _swarm.Secured -= value;
    }

    /// <summary>A handler of a stream threw: the stream is reset, everything else goes on.</summary>
    public event Action<StreamFailure>? StreamFailed
    {
        add => _swarm.StreamFailed += value;
        remove => _swarm.StreamFailed -= value;
    }

    /// <summary>Something threw that nobody awaits. That is a defect, but the host goes on.</summary>
    public event Action<Exception>? Failed
    {
        add => _swarm.Failed += value;
        remove => _swarm.Failed -= value;
    }

    /// <summary>The addresses under which enough peers see us changed.</summary>
    public event Action<IReadOnlyList<Multiaddr>>? ObservedAddressesChanged
    {
        add => _identify.ObservedChanged += value;
        remove => _identify.ObservedChanged -= value;
    }

    public PeerId Id => _swarm.LocalPeer;

    /// <summary>Peers, connections and streams.</summary>
    public INetwork Network => _swarm;

    /// <summary>The DHT, on in the mode of its options as soon as the host has started; null if there is none.</summary>
    public KademliaDht? Dht { get; }

    /// <summary>Where others can dial us: the listen addresses with /p2p and our id.</summary>
    public IReadOnlyList<Multiaddr> Addresses => [.. _swarm.ListenAddresses.Select(address => address.WithPeer(Id))];

    /// <summary>Addresses that are not our interfaces' but under which enough peers of different networks see us; announced by identify.</summary>
    public IReadOnlyList<Multiaddr> ObservedAddresses => _identify.Observed;

    /// <summary>Tells of hosts of the local network, and them of us, as soon as the host has started; null if <see cref="HostOptions.Mdns"/> is.</summary>
    public MdnsDiscovery? Mdns { get; }

    /// <summary>Publish and subscribe; null if <see cref="HostOptions.PubSub"/> is.</summary>
    public GossipSub? PubSub { get; }

    /// <summary>Done when the host has stopped; fails with the reason if a part died without which it is of no use.</summary>
    public Task Completion => _completion.Task;

    /// <summary>For tests.</summary>
    internal IdentifyService IdentifyService => _identify;

    /// <summary>Makes a host and lets it listen.</summary>
    /// <exception cref="IOException">An address cannot be listened on; the message is one clear line.</exception>
    public static Task<Host> StartAsync(HostOptions options, ILoggerFactory loggers, CancellationToken cancellation = default) =>
        StartAsync(options, static _ => { }, loggers, cancellation);

    /// <summary>
    /// As above; <paramref name="configure"/> adds handlers and event handlers when addresses and services are there, but before the first
    /// connection can come in.
    /// </summary>
    /// <exception cref="IOException">An address cannot be listened on; the message is one clear line.</exception>
    public static async Task<Host> StartAsync(
        HostOptions options, Action<Host> configure, ILoggerFactory loggers, CancellationToken cancellation = default)
    {
        Host host = new(options, loggers);
        bool started = false;
        try
        {
            await host.StartPartsAsync(cancellation).ConfigureAwait(false);
            configure(host);
            host._swarm.Start();
            host.StartMdns();
            HostLog.Started(host._logger, host.Id);
            started = true;
            return host;
        }
        finally
        {
            if (!started)
                await host.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="INetwork.DialAsync"/>
    public ValueTask<IPeerConnection> DialAsync(Multiaddr address, CancellationToken cancellation = default) =>
        _swarm.DialAsync(address, cancellation);

    /// <inheritdoc cref="INetwork.ConnectAsync"/>
    public ValueTask<IPeerConnection> ConnectAsync(PeerId peer, CancellationToken cancellation = default) =>
        _swarm.ConnectAsync(peer, cancellation);

    /// <inheritdoc cref="INetwork.OpenStreamAsync"/>
    public ValueTask<PeerStream> OpenStreamAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellation = default) =>
        _swarm.OpenStreamAsync(peer, protocols, cancellation);

    /// <inheritdoc cref="INetwork.Handle"/>
    public void Handle(string protocol, StreamHandler handler, HandlerLimits? limits = null) => _swarm.Handle(protocol, handler, limits);

    /// <inheritdoc cref="INetwork.Unhandle"/>
    public void Unhandle(string protocol) => _swarm.Unhandle(protocol);

    /// <summary>The round trip of a ping (libp2p/specs, ping/ping.md), over a connection that is opened if there is none.</summary>
    /// <exception cref="DialException">No connection.</exception>
    /// <exception cref="IOException">The connection or the stream failed, or the peer does not serve pings.</exception>
    /// <exception cref="ProtocolException">Other bytes came back.</exception>
    /// <exception cref="TimeoutException">Nothing came back within 10 s.</exception>
    public async Task<TimeSpan> PingAsync(PeerId peer, CancellationToken cancellation = default)
    {
        IPeerConnection connection = await _swarm.ConnectAsync(peer, cancellation).ConfigureAwait(false);
        return await _ping.PingAsync(connection, cancellation).ConfigureAwait(false);
    }

    /// <summary>Asks a peer once more what it is; <see cref="INetwork.Identified"/> is raised as well.</summary>
    /// <exception cref="IOException">The connection or the stream failed, or the peer does not serve identify.</exception>
    /// <exception cref="ProtocolException">The answer breaks the protocol.</exception>
    /// <exception cref="TimeoutException">No answer within 5 s.</exception>
    public Task<IdentifiedPeer> IdentifyAsync(IPeerConnection connection, CancellationToken cancellation = default) =>
        _identify.IdentifyAsync(connection, cancellation);

    /// <summary>Tells all connected peers now what we are, as is done by itself 1 s after a change.</summary>
    public Task PushIdentifyAsync(CancellationToken cancellation = default) => _identify.PushNowAsync(cancellation);

    /// <summary>Tells the remotes and ends everything, within 4 s.</summary>
    public Task StopAsync()
    {
        lock (_stopLock)
            return _stopping ??= StopOnceAsync();
    }

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task StopOnceAsync()
    {
        Task parts = StopPartsAsync();
        try
        {
            await parts.WaitAsync(StopTimeout, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            HostLog.StopTimeout(_logger, StopTimeout.TotalSeconds);
        }
        HostLog.Stopped(_logger, Id);
        _completion.TrySetResult();
    }

    private async Task StartPartsAsync(CancellationToken cancellation)
    {
        await _swarm.BindAsync(cancellation).ConfigureAwait(false);
        if (PubSub is not null)
        {
            PubSub.Start();
            _ = DieWithAsync(PubSub.Completion);
        }
        if (Dht is not null)
            await Dht.StartAsync().ConfigureAwait(false);
    }

    /// <summary>Last, for it invites others to come.</summary>
    private void StartMdns()
    {
        if (Mdns is null)
            return;
        Mdns.Start();
        _ = DieWithAsync(Mdns.Completion);
    }

    private async Task StopPartsAsync()
    {
        // In the reverse order of their start, then what they stand on.
        if (Mdns is not null)
            await Mdns.DisposeAsync().ConfigureAwait(false);
        if (Dht is not null)
            await Dht.DisposeAsync().ConfigureAwait(false);
        if (PubSub is not null)
            await PubSub.DisposeAsync().ConfigureAwait(false);
        await _swarm.DisposeAsync().ConfigureAwait(false);
        await _identify.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>The end of an essential part is the end of the host, unless it is part of a stop.</summary>
    private async Task DieWithAsync(Task part)
    {
        await part.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (part.Exception is { } error)
            OnDied(error.InnerException ?? error);
    }

    private void OnDied(Exception reason)
    {
        if (_completion.TrySetException(reason))
            _ = StopAsync();
    }

    private static SwarmOptions ToSwarmOptions(HostOptions options) => new()
    {
        Key = options.Key,
        Time = options.Time,
        Transports = options.Transports,
        Limits = options.Limits,
        Listen = options.Listen,
        PreSharedKey = options.PreSharedKey,
        EarlyMultiplexer = options.EarlyMultiplexer,
        DialFilter = options.DialFilter,
        NameFilter = options.NameFilter,
        InboundFilter = options.InboundFilter,
        PeerFilter = options.PeerFilter,
        ConnectionFilter = options.ConnectionFilter,
        Random = options.Random,
    };
}
