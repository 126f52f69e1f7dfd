using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Blocks;
using P2PMiner.Node.Cluster.Chain;
using P2PMiner.Node.Cluster.Datasets;
using P2PMiner.Node.Cluster.Discovery;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Jobs;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.Network;

namespace P2PMiner.Node.Cluster;

/// <summary>This node's part in its cluster: the libp2p host, discovery, and what is spoken over them.</summary>
internal sealed class ClusterNode
{
    /// <summary>Of what multicast DNS tells.</summary>
    private static readonly TimeSpan LocalLifetime = TimeSpan.FromMinutes(10);

    private readonly NodeOptions _options;
    private readonly ClusterId _cluster;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ClusterHost _hosts;
    private readonly MemberGate _gate;
    private readonly KnownPeers _known;
    private readonly MemberView _view;
    private readonly Heartbeats _heartbeats;
    private readonly Conduct _conduct;
    private readonly Standing _standing = new();
    private readonly Entrance _entrance;
    private readonly ShareGossip _shares;
    private readonly JobGossip _jobs;
    private readonly BlockGossip _blocks;
    private readonly ChainServer _server;
    private readonly ChainSync _sync;
    private readonly DatasetExchange _datasets;
    private readonly Func<MemberStatus> _status;
    private volatile Host? _host;

    /// <param name="options">What the user asked for.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="key">The identity.</param>
    /// <param name="status">What this node does now.</param>
    /// <param name="tree">The share chain.</param>
    /// <param name="prove">Checks the proof of work of others' shares.</param>
    /// <param name="work">What becomes of others' jobs and blocks, and what they may have of ours.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">For the log.</param>
    /// <exception cref="IOException">The data directory cannot be written.</exception>
    public ClusterNode(
        NodeOptions options, ClusterId cluster, Ed25519KeyPair key, Func<MemberStatus> status, ShareTree tree, ProofCheck prove, ClusterWork work, TimeProvider time,
        ILoggerFactory logs)
    {
        _options = options;
        _status = () => status() with { KnownKeys = [.. work.Keys.All.Union(tree.Keys)] };
        _time = time;
        _logger = logs.CreateLogger("cluster");
        _cluster = cluster;
        string directory = Path.Combine(options.DataDirectory, "cluster", $"{_cluster.Name}-{_cluster.Tag}");
        Directory.CreateDirectory(directory);
        _hosts = new ClusterHost(options, _cluster, key, directory, time, logs);
        _gate = new MemberGate(_cluster.StatusTopic, time, _logger);
        _known = new KnownPeers(Path.Combine(directory, "peers"), _logger);
        _view = new MemberView(time, _standing.IsProven, peer => ConnectionOf(peer) is not null);
        _view.Joined += peer => _logger.LogInformation("Member {Peer} is there", peer);
        _heartbeats = new Heartbeats(_cluster.StatusTopic, _status, _view, time);
        _conduct = new Conduct(time, _logger);
        _standing.Proven += Know;
        tree.TipChanged += () => _standing.Require(tree.Tip.ChildDifficulty / ShareRelevance.LeastPart);
        LinkFinders finders = new(tree, _standing);
        tree.TipChanged += finders.Look;
        finders.Look();
        _conduct.Banned += _standing.Lose;
        _entrance = new Entrance(_standing, time);
        StrangerTime strangers = new(_standing, Environment.ProcessorCount, work.ProofCost, time, work.NeedsCache);
        tree.TipChanged += new ClockWarning(tree, time, _logger).Look;
        _server = new ChainServer(tree, _standing.IsProven, time);
        _sync = new ChainSync(tree, _view, prove, _conduct, strangers, time, _logger);
        _view.Heard += _sync.Heard;
        _datasets = new DatasetExchange(work.Hold, options.UploadLimit, _cluster.DatasetKey, _view, _standing.IsProven, _conduct, time, _logger);
        MinerId self = new(PeerId.FromEd25519(key.PublicKey).Bytes);
        _blocks = new BlockGossip(_cluster.JobsTopic, _view, key => work.Keys.Contains(key) || _view.IsKeyKnown(key), work.Prove, strangers, work.Relay, time, _logger);
        _jobs = new JobGossip(_cluster.JobsTopic, _view, work.Jobs, work.Keys, _blocks, strangers, PeerId.FromEd25519(key.PublicKey), time, _logger);
        _shares = new ShareGossip(_cluster.SharesTopic, tree, self, prove, strangers, _sync.Ask, time, _logger);
    }

    /// <summary>Where other nodes can connect to; empty before the start.</summary>
    public IReadOnlyList<string> Listen => [.. (_host?.Addresses ?? []).Select(address => address.ToString())];

    /// <summary>Members of the cluster that this node is connected with.</summary>
    public int ConnectedMembers => _host is { } host ? _gate.Members(host).Count : 0;

    /// <summary>Peers that take part in the cluster and are connected with this node.</summary>
    public IReadOnlyList<PeerId> Neighbours => _host is { } host ? _gate.Members(host) : [];

    /// <summary>The other live members, connected or not.</summary>
    public IReadOnlyList<Member> Members => _view.Members;

    /// <summary>Tells the cluster the block that this node's daemon wants found.</summary>
    public void Announce(DaemonJob own)
    {
        // Not only those that are told: there may be more of them than others take.
        _blocks.Remember(own);
        _jobs.Announce(own);
    }

    /// <summary>Found blocks, to and from the others.</summary>
    public BlockGossip Blocks => _blocks;

    /// <summary>Datasets, to and from the others.</summary>
    public DatasetExchange Datasets => _datasets;

    /// <summary>Whether a live member names a RandomX key as that of a Monero job.</summary>
    public bool IsKeyKnown(Hash256 key) => _view.IsKeyKnown(key);

    /// <summary>Whether a member has found a share, and was not caught at anything since.</summary>
    public bool IsProven(PeerId peer) => _standing.IsProven(peer);

    /// <summary>
    /// Whether a member that says it hosts datasets is believed: it has found shares, or sent right chunks. Else anybody could have idle
    /// hosts drop theirs by a word.
    /// </summary>
    public bool IsBelievedHost(PeerId peer) => _standing.IsProven(peer) || _datasets.HasHelped(peer);

    /// <summary>How a member is connected with this node; null for one that is reached through others.</summary>
    public IPeerConnection? ConnectionOf(PeerId peer) => _host?.Network.FindConnection(peer);

    /// <summary>The round trip of the connection with a member; null without one, and before it is measured.</summary>
    public TimeSpan? LatencyOf(PeerId peer) => ConnectionOf(peer)?.RoundTrip;

    /// <summary>Runs until cancelled, or until a part fails.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the host has stopped.</exception>
    /// <exception cref="IOException">The host cannot listen; the message says what to do.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await using Host host = await _hosts.StartAsync(IsWelcome, _entrance, Configure, cancellation);
        _host = host;
        LogStart(host);
        PeerFinder finder = new(host, IsWelcome, _logger);
        if (host.Mdns is { } mdns)
            mdns.PeerFound += peer => Found(host, finder, peer);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        List<Task> parts =
        [
            host.Completion,
            finder.RunAsync(stop.Token),
            _gate.RunAsync(host, stop.Token),
            _heartbeats.RunAsync(host.PubSub!, host.Network, stop.Token),
            _shares.RunAsync(host.PubSub!, stop.Token),
            _jobs.RunAsync(host.PubSub!, stop.Token),
            _blocks.RunAsync(host.PubSub!, stop.Token),
            _sync.RunAsync(host, stop.Token),
            new MemberMemory(host, _known, () => _gate.Members(host), _view.Contains, IsWelcome, finder, _time, _logger).RunAsync(stop.Token),
            .. _options.Connect.Select(address => new FixedPeer(host, address, _time, _logger).RunAsync(stop.Token)),
        ];
        if (host.Dht is not null)
        {
            parts.Add(new DhtFinder(host, _cluster.ProviderKey, finder.Add, _time, _logger).RunAsync(stop.Token));
            parts.Add(_datasets.RunAsync(host, HostedDatasets, finder.Add, stop.Token));
        }

        Task first = await Task.WhenAny(parts);
        await stop.CancelAsync();
        await Task.WhenAll(parts.Except([host.Completion])).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        await first;
        throw new InvalidOperationException("the connection with the cluster ended by itself");
    }

    private static void Found(Host host, PeerFinder finder, MdnsPeer peer)
    {
        host.Network.Peers.AddAddresses(peer.Peer, peer.Addresses, LocalLifetime);
        finder.Add(peer.Peer);
    }

    private bool IsWelcome(PeerId peer) => _gate.IsWelcome(peer) && _conduct.IsWelcome(peer);

    private void Configure(Host host)
    {
        _heartbeats.Join(host.PubSub!);
        _shares.Join(host.PubSub!);
        _jobs.Join(host.PubSub!);
        host.Handle(ChainProtocol.Id, _server.ServeAsync, ChainServer.Limits);
        _datasets.Join(host);
        _conduct.Banned += peer => CutOff(host, peer);
    }

    private IReadOnlyList<Hash256> HostedDatasets() => _status() is { IsDatasetHost: true } status ? status.DatasetKeys : [];

    private void CutOff(Host host, PeerId peer)
    {
        foreach (IPeerConnection connection in host.Network.Connections.Where(connection => connection.RemotePeer.Equals(peer)))
        {
            _entrance.Blame(connection);
            connection.Abort("it misbehaved");
        }
    }

    private void Know(PeerId peer)
    {
        if (_host?.Network.FindConnection(peer)?.RemoteAddress.IPAddress is { } address)
            _entrance.Know(address);
    }

    private void LogStart(Host host)
    {
        _logger.LogInformation(
            "Listening for other nodes on {Addresses}",
            string.Join(", ", host.Network.ListenAddresses.Where(address => !address.IsLoopback).DefaultIfEmpty().Select(address => address?.ToString() ?? "loopback only")));
        if (_cluster.Key is null)
        {
            _logger.LogInformation(
                "Cluster {Cluster} has no key: anyone on this LAN can join it; p2p-miner cluster new makes a key", _cluster.Name);
        }
        else
        {
            _logger.LogInformation("Cluster {Cluster} is private: only nodes with its key can join", _cluster.Name);
        }
    }
}
