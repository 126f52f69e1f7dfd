using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Node.Api;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Datasets;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Chain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node;

/// <summary>
/// One node: job sources, job board, miner threads, re-check, share chain and block outbox, put together here and
/// nowhere else. Objects are made in the order of their dependencies and disposed in the opposite one.
/// </summary>
internal sealed class MinerNode : IAsyncDisposable
{
    private static readonly TimeSpan DaemonTimeout = TimeSpan.FromSeconds(10);

    private readonly NodeOptions _options;
    private readonly HardwareReport _machine;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _started;
    private readonly PeerId _peerId;
    private readonly ShareTree _tree;
    private readonly ChainStore _store;
    private readonly MiningEngine _engine;
    private readonly LightVerifier _verifier;
    private readonly ChainSource _chain;
    private readonly DaemonClient[] _daemons;
    private readonly DaemonSource? _daemonSource;
    private readonly BlockOutbox _outbox;
    private readonly JobBoard _board;
    private readonly ShareLedger _ledger = new();
    private readonly HitProcessor _hits;
    private readonly ShareProver _prover;
    private readonly ClusterNode _cluster;
    private readonly NodeSnapshot _snapshot;
    private readonly CancellationTokenSource _ending = new();
    private readonly ClusterSnapshot _clusterSnapshot;
    private readonly RoleKeeper _roles;
    private readonly WorkSwitch _work;
    private volatile bool _stopping;
    private volatile string? _pause;

    private MinerNode(NodeOptions options, HardwareReport machine, TimeProvider time, ILoggerFactory logs)
    {
        _options = options;
        _machine = machine;
        _time = time;
        _logger = logs.CreateLogger("node");
        _started = time.GetTimestamp();

        KnownKeys keys = new();
        Ed25519KeyPair key;
        ClusterId cluster;
        _tree = new ShareTree(Genesis.Of(options.Cluster), Rehash, seed => keys.Contains(seed) || _cluster?.IsKeyKnown(seed) == true);
        _store = ChainStore.Open(options.DataDirectory, _tree, time, logs.CreateLogger("chain"));
        try
        {
            cluster = ClusterId.Of(options);
            key = IdentityFile.LoadOrCreate(Path.Combine(options.DataDirectory, "identity.key"));
            _peerId = PeerId.FromEd25519(key.PublicKey);
            _engine = MiningEngine.Create(
                options, machine, time, logs, new LateSupplier(() => _cluster!.Datasets.Supplier), _peerId.Bytes.ToArray(), isNode: true, FirstKey());
        }
        catch
        {
            _store.Dispose();
            throw;
        }
        _work = new WorkSwitch(_engine.Role, _engine.Apply, _engine.Search, _engine.Rest);
        _roles = new RoleKeeper(options, machine, _engine.Role, time);
        _verifier = new LightVerifier(_engine.Keys, time);
        _prover = new ShareProver(_engine.Keys, _verifier, options.Pages, AvailableMemory, time, logs.CreateLogger("chain"));
        ForeignJobs foreign = new();
        ClusterWork work = new(foreign, keys, _prover.CheckAsync, () => _prover.Cost, Relay, Hosted, _prover.NeedsCache);
        _cluster = new ClusterNode(options, cluster, key, () => _snapshot!.ForCluster(), _tree, _prover.CheckAsync, work, time, logs);
        MinerId miner = new(_peerId.Bytes);
        _chain = new ChainSource(_tree, miner, time);
        _daemons = [.. options.Daemons.Select(endpoint => new DaemonClient(endpoint, DaemonTimeout, time))];
        if (_daemons.Length > 0)
        {
            DaemonSourceOptions source = new() { Wallet = options.Wallet!, ZmqAddresses = options.DaemonZmq };
            _daemonSource = new DaemonSource(_daemons, source, time, logs.CreateLogger<DaemonSource>());
        }
        _outbox = new BlockOutbox(
            Path.Combine(options.DataDirectory, "blocks"), _daemons, time, logs.CreateLogger<BlockOutbox>(), _cluster.Blocks);
        _outbox.Decided += _cluster.Blocks.Tell;
        _board = new JobBoard(_chain, _daemonSource, foreign, _cluster.Announce, _tree, _peerId, _cluster.IsProven, keys, time, logs.CreateLogger<JobBoard>());
        _hits = new HitProcessor(_verifier, _tree, _outbox, _ledger, time, logs.CreateLogger<HitProcessor>());
        _hits.WrongHash += _engine.Keys.DoubtDataset;
        _hits.Refused += _board.Refuse;
        _snapshot = new NodeSnapshot(options, machine, _peerId, _engine, _tree, _daemonSource, _outbox, _ledger, _cluster, _prover, keys, time);
        _clusterSnapshot = new ClusterSnapshot(options.Cluster, cluster.Key is not null, _peerId, _snapshot.ForCluster, _cluster);
    }

    /// <summary>Newest first, those of this run.</summary>
    public IReadOnlyList<ShareStatus> RecentShares => _ledger.Recent;

    /// <summary>Makes the node and loads what it kept; nothing runs before <see cref="RunAsync"/>.</summary>
    /// <exception cref="IOException">The data directory is in use or cannot be used; the message says what to do.</exception>
    /// <exception cref="UsageException">The machine cannot do what the options ask for.</exception>
    public static MinerNode Open(NodeOptions options, HardwareReport machine, TimeProvider time, ILoggerFactory logs) =>
        new(options, machine, time, logs);

    /// <summary>Runs until cancelled, or until a part fails, which ends the node.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; everything that was found is handled and stored.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        LogPlans();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using PowerWatch? power = _options.PauseOnBattery ? new PowerWatch(_time, OnPower) : null;
        if (power is not null)
            OnPower(power.Current);
        _engine.Miner.Start();
        List<Task> parts =
        [
            _chain.RunAsync(stop.Token),
            _board.RunAsync(_work.Publish, stop.Token),
            _engine.Keys.Completion,
            _engine.Failure,
            ReportFirstHashAsync(stop.Token),
            _prover.RunAsync(stop.Token),
            _outbox.RunAsync(stop.Token),
            new RoleWatch(_roles, ReadConditions, ChangeRole, _time).RunAsync(stop.Token),
        ];
        if (_daemonSource is not null)
            parts.Add(_daemonSource.RunAsync(stop.Token));
        Task cluster = _cluster.RunAsync(stop.Token);
        Task hits = _hits.RunAsync(_engine.Miner.Hits, stop.Token);

        Task first = await Task.WhenAny([.. parts, cluster, hits]);
        _stopping = true;
        await stop.CancelAsync();
        await _ending.CancelAsync();
        await _engine.Miner.DisposeAsync();
        await hits;
        await cluster.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        await first;
        throw new InvalidOperationException("a part of the node ended by itself");
    }

    /// <summary>The other nodes of the cluster.</summary>
    public IReadOnlyList<PeerStatus> Peers => _snapshot.Peers();

    /// <summary>The whole cluster.</summary>
    public ClusterReport Cluster => _clusterSnapshot.Take();

    /// <summary>Who did how much of the share chain.</summary>
    public ContributionReport Contributions => _snapshot.Contributions();

    public NodeStatus Status(IReadOnlyList<NodeEvent> events) =>
        _snapshot.Take(_stopping, _pause, _time.GetElapsedTime(_started), events);

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _prover.Dispose();
        _verifier.Dispose();
        foreach (DaemonClient daemon in _daemons)
            daemon.Dispose();
        _store.Dispose();
        _ending.Dispose();
    }

    private void LogPlans()
    {
        _logger.LogInformation("Peer {PeerId}, cluster {Cluster}", _peerId, _options.Cluster);
        _logger.LogInformation("Threads: {Reason}", _machine.ThreadPlan.Reason);
        _logger.LogInformation("Memory: {Reason}", _machine.MemoryPlan.Reason);
        _logger.LogInformation("Role: {Reason}", _engine.Role.Reason);
        _logger.LogInformation("Share chain: link {Height} {Id}", _tree.Tip.Height, _tree.Tip.Id);
    }

    private RoleConditions ReadConditions()
    {
        bool isOnBattery = HardwareProbe.ReadPower().Source == PowerSource.Battery;
        return RoleConditions.Of(_peerId, _cluster.Members, _cluster.IsBelievedHost, AvailableMemory(), isOnBattery) with
        {
            StallPercent = HardwareProbe.ReadMemoryStall(),
        };
    }

    private void ChangeRole(RolePlan plan)
    {
        _logger.LogInformation("Role: {Reason}", plan.Reason);
        _work.Change(plan);
    }

    private async Task ReportFirstHashAsync(CancellationToken cancellation)
    {
        await _engine.Miner.FirstHash.WaitAsync(cancellation);
        TimeSpan sinceStart = _time.GetUtcNow() - ProcessStart.Time;
        _logger.LogInformation("Mining: first hash {Seconds:F2} s after start", sinceStart.TotalSeconds);
        await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellation);
    }

    private void OnPower(PowerInfo power)
    {
        bool onBattery = power.Source == PowerSource.Battery;
        _pause = onBattery ? "battery" : null;
        _engine.Miner.SetPaused(onBattery);
        _logger.LogInformation("{State}", onBattery ? "On battery: mining pauses" : "On mains power: mining");
    }

    /// <summary>Bytes that machine and cgroups can still give; null when nothing tells.</summary>
    private static long? AvailableMemory()
    {
        (MemoryInfo memory, CgroupLimits limits) = HardwareProbe.ReadMemory();
        return memory.AvailableBytes is long machine
            ? Math.Min(machine, limits.MemoryAvailableBytes ?? long.MaxValue)
            : limits.MemoryAvailableBytes;
    }

    /// <summary>What others found goes to this node's daemons, even while it ends: the block is on disk by then.</summary>
    private Task<BlockOutcome>? Relay(FoundBlock block) => _daemons.Length == 0 ? null : _outbox.RelayAsync(block, _ending.Token);

    /// <summary>The dataset of a key, for others.</summary>
    private HeldDataset? Hosted(Hash256 key) => _engine.Role.IsDatasetHost ? _engine.Keys.TryHoldDataset(key) : null;

    /// <summary>That of the share chain, unless a daemon will say what is mined.</summary>
    private Hash256? FirstKey() => _options.Daemons.Count > 0 ? null
        : _tree.NextTemplate(new MinerId(_peerId.Bytes), (ulong)Math.Max(0, _time.GetUtcNow().ToUnixTimeSeconds())).Header.Key;

    /// <summary>Proof of work of links that others found: on the light path too.</summary>
    private Hash256 Rehash(Hash256 key, ReadOnlySpan<byte> blob)
    {
        Span<byte> hash = stackalloc byte[Hash256.Size];
        return _verifier.TryHash(key, blob, hash)
            ? new Hash256(hash)
            : throw new InvalidOperationException($"the cache of key {key} is not at hand");
    }
}
