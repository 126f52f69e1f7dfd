using System.Net;
using System.Net.NetworkInformation;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Mdns;

/// <summary>
/// Finds hosts on the local network, and lets them find this one, by multicast DNS (libp2p/specs, discovery/mdns.md; RFC 6762):
/// on every interface, over IPv4 and IPv6. Interfaces and addresses may come and go, and the machine may sleep.
/// </summary>
/// <remarks>
/// Addresses found go into the peer store. Announced, and believed of others, are private, link-local and loopback addresses, and public
/// ones only on the link whose networks they are in.
/// No farewell is sent: implementations that do not look at lifetimes would take it for news.
/// </remarks>
public sealed class MdnsDiscovery : IAsyncDisposable
{
    /// <summary>Interfaces are looked at again so often even if the system reports no change, for not every system does.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(30);

    /// <summary>Changes come in heaps: interfaces are looked at once for all within this time.</summary>
    private static readonly TimeSpan LookDistance = TimeSpan.FromSeconds(1);

    /// <summary>A sleep of the machine is noticed within this time after it.</summary>
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(5);

    /// <summary>A pause, or a step of the wall clock against the running time, that means the machine slept.</summary>
    private static readonly TimeSpan SleepStep = TimeSpan.FromSeconds(10);

    /// <summary>Of an address in the peer store, whatever lifetime the answer claims.</summary>
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromMinutes(10);

    private readonly INetwork _network;
    private readonly MdnsOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly MdnsWriter _writer;
    private readonly MdnsMemory _memory;
    private readonly MdnsLinks _links;
    private readonly Lock _found = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private IReadOnlyList<Multiaddr> _announced = [];
    private volatile bool _changed;
    private Task _running = Task.CompletedTask;

    public MdnsDiscovery(INetwork network, MdnsOptions? options = null, ILogger? logger = null)
        : this(network, options ?? new MdnsOptions(), logger ?? NullLogger.Instance, null, null, new Random())
    {
    }

    internal MdnsDiscovery(
        INetwork network,
        MdnsOptions options,
        ILogger logger,
        Func<MdnsSurroundings>? look,
        Func<MdnsInterface, IMdnsSocket>? open,
        Random random)
    {
        _network = network;
        _options = options;
        _logger = logger;
        _time = network.Time;
        _writer = new MdnsWriter(options.ServiceName, network.LocalPeer);
        _memory = new MdnsMemory(_time);
        _links = new MdnsLinks(
            look ?? (() => MdnsSurroundings.Look(options.LoopbackOnly)),
            open ?? (place => MdnsSocket.Open(place, options.Port)),
            place => new MdnsSchedule(_time, new Random(random.Next()), options.QueryInterval),
            Receive,
            _time,
            logger);
    }

    /// <summary>
    /// An answer of another host was read; raised for every answer, one at a time, on threads of the pool. Handlers must return
    /// quickly and must not throw.
    /// </summary>
    public event Action<MdnsPeer>? PeerFound;

    /// <summary>Runs as long as discovery does; fails if that ended by a defect.</summary>
    public Task Completion => _running;

    /// <summary>The random name that this host goes by.</summary>
    internal string PeerName => _writer.PeerName;

    /// <summary>Begins to ask and to answer. Interfaces that cannot be used are tried again later.</summary>
    public void Start()
    {
        if (_running != Task.CompletedTask)
            throw new InvalidOperationException("started before");
        _announced = _network.ListenAddresses;
        _network.LocalInfoChanged += OnLocalInfoChanged;
        if (!_options.LoopbackOnly)
        {
            NetworkChange.NetworkAddressChanged += OnAddressChanged;
            NetworkChange.NetworkAvailabilityChanged += OnAvailabilityChanged;
        }
        _running = Task.Run(() => RunAsync(_stop.Token));
    }

    /// <summary>Leaves the network. A defect that ended it before is told by <see cref="Completion"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        _network.LocalInfoChanged -= OnLocalInfoChanged;
        NetworkChange.NetworkAddressChanged -= OnAddressChanged;
        NetworkChange.NetworkAvailabilityChanged -= OnAvailabilityChanged;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _links.DisposeAsync().ConfigureAwait(false);
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await LoopAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task LoopAsync(CancellationToken cancellation)
    {
        using ITimer timer = _time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var clocks = new SleepWatch(_time, SleepStep);
        DateTimeOffset nextLook = DateTimeOffset.MinValue;
        DateTimeOffset looked = DateTimeOffset.MinValue;
        while (true)
        {
            DateTimeOffset now = _time.GetUtcNow();
            if (clocks.Slept())
            {
                MdnsLog.Restarted(_logger, "the machine has slept, or its clock was set");
                await _links.CloseAsync().ConfigureAwait(false);
                nextLook = looked = DateTimeOffset.MinValue;
            }
            if (now >= nextLook || _links.NeedsRefresh || (_changed && now - looked >= LookDistance))
            {
                _changed = false;
                looked = now;
                nextLook = now + LookInterval;
                await _links.RefreshAsync().ConfigureAwait(false);
            }
            await ActAsync().ConfigureAwait(false);
            TimeSpan pause = _links.Next - _time.GetUtcNow();
            pause = _changed && pause > LookDistance ? LookDistance : pause < MaxPause ? pause : MaxPause;
            timer.Change(pause > TimeSpan.Zero ? pause : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
            await _wake.Reader.ReadAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async ValueTask ActAsync()
    {
        foreach (MdnsLink link in _links.All)
        {
            if (link.Schedule.TakeQuery())
                await link.SendAsync(_writer.WriteQuery).ConfigureAwait(false);
            if (link.Schedule.TakeAnswer())
                await link.SendAsync(buffer => _writer.WriteAnswer(buffer, Announced(link.Place))).ConfigureAwait(false);
            if (link.Schedule.TakeMetaAnswer())
                await link.SendAsync(_writer.WriteMetaAnswer).ConfigureAwait(false);
        }
    }

    /// <summary>What is told on a link: its own addresses first; loopback addresses to this machine only.</summary>
    private IEnumerable<Multiaddr> Announced(MdnsInterface place) => _network.ListenAddresses
        .Where(address => address.IsTcp && address.IPAddress is not null && IsAnnounced(address.IPAddress, place))
        .OrderBy(address => place.IsLoopback ? !address.IsLoopback : !place.Address.Equals(address.IPAddress))
        .ThenBy(address => !_links.IsOnLink(place, address.IPAddress!));

    private bool IsAnnounced(IPAddress address, MdnsInterface place) => IpAddresses.Scope(address) switch
    {
        IpScope.Loopback => place.IsLoopback,
        IpScope.LinkLocal or IpScope.Private => !_options.LoopbackOnly,
        IpScope.Public => !_options.LoopbackOnly && _links.IsOnLink(place, address),
        _ => false,
    };

    private void Receive(MdnsLink link, DnsMessage message, IPAddress source)
    {
        if (message.IsResponse)
        {
            ReceiveAnswer(link.Place, message, source);
            return;
        }
        if (MdnsReader.AsksMeta(message))
            link.Schedule.WantMetaAnswer();
        if (MdnsReader.AsksForPeers(message, _options.ServiceName) && !_links.IsOwn(source))
            link.Schedule.HeardQuery();
        if (MdnsReader.AsksForPeers(message, _options.ServiceName) || MdnsReader.AsksForAddresses(message, _writer.PeerName))
            link.Schedule.WantAnswer();
        Wake();
    }

    private void ReceiveAnswer(MdnsInterface place, DnsMessage message, IPAddress source)
    {
        bool isLocal = _links.IsOwn(source);
        // A loopback address of another machine would lead to whoever listens there on this one.
        IReadOnlyList<MdnsAnswer> answers = MdnsReader.Read(
            message, _options.ServiceName, address => IpAddresses.Scope(address) switch
            {
                IpScope.LinkLocal or IpScope.Private => true,
                IpScope.Loopback => isLocal,
                IpScope.Public => _links.IsOnLink(place, address),
                _ => false,
            });
        foreach (MdnsAnswer answer in answers)
        {
            if (answer.Peer.Equals(_network.LocalPeer))
                continue;
            lock (_found)
            {
                if (!_memory.TryNote(answer.Peer, answer.Addresses, out bool first))
                {
                    MdnsMetrics.Dropped.Add(1);
                    continue;
                }
                if (first)
                    MdnsLog.Found(_logger, answer.Peer, answer.Addresses.Count);
                _network.Peers.AddAddresses(
                    answer.Peer, answer.Addresses, answer.Lifetime < MaxLifetime ? answer.Lifetime : MaxLifetime);
                PeerFound?.Invoke(new MdnsPeer(answer.Peer, answer.Addresses, first));
            }
        }
    }

    private void OnLocalInfoChanged()
    {
        IReadOnlyList<Multiaddr> addresses = _network.ListenAddresses;
        if (addresses.SequenceEqual(Interlocked.Exchange(ref _announced, addresses)))
            return;
        foreach (MdnsLink link in _links.All)
            link.Schedule.WantAnswer();
        Wake();
    }

    /// <summary>Interfaces may have changed.</summary>
    internal void LookSoon()
    {
        _changed = true;
        Wake();
    }

    private void OnAddressChanged(object? sender, EventArgs e) => LookSoon();

    private void OnAvailabilityChanged(object? sender, NetworkAvailabilityEventArgs e) => LookSoon();

    private void Wake() => _wake.Writer.TryWrite(true);
}
