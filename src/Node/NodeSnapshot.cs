using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.Threads;
using P2PMiner.Node.Api;
using P2PMiner.Node.Cli;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.Jobs.Ranges;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Chain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;
using KeyStatus = P2PMiner.Mining.RandomX.KeyStatus;

namespace P2PMiner.Node;

/// <summary>Reads the parts of a node into the status that API, terminal and metrics show.</summary>
internal sealed class NodeSnapshot(
    NodeOptions options, HardwareReport machine, PeerId peerId, MiningEngine engine, ShareTree tree, DaemonSource? daemons,
    BlockOutbox outbox, ShareLedger ledger, ClusterNode cluster, ShareProver prover,
    KnownKeys known, TimeProvider time)
{
    private readonly WorkWeight _weight = new(time);

    private const int ItemsPerChunk = (1 << 20) / Mining.RandomX.Native.RandomXLibrary.DatasetItemSize;

    /// <param name="stopping">Whether the node is on its way out.</param>
    /// <param name="pause">Why hashing pauses; null when it does not.</param>
    /// <param name="uptime">Since the node started.</param>
    /// <param name="events">The last log lines, oldest first.</param>
    public NodeStatus Take(bool stopping, string? pause, TimeSpan uptime, IReadOnlyList<NodeEvent> events)
    {
        Miner miner = engine.Miner;
        Job? job = miner.Job;
        KeyStoreStatus keys = engine.Keys.Status;
        KeyStatus? current = keys.Keys.FirstOrDefault(key => key.IsCurrent);
        bool isFull = miner.FullThreadCount > 0;
        HashRate rate = miner.HashRate;
        return new NodeStatus
        {
            Version = VersionCommand.Version,
            PeerId = peerId.ToString(),
            Listen = cluster.Listen,
            Mode = OptionText.Mode(options.Mode),
            Role = engine.Role.Role,
            Cluster = options.Cluster,
            State = StateOf(stopping, engine.Role.IsWorker, miner, pause),
            Paused = pause,
            UptimeSeconds = (long)uptime.TotalSeconds,
            Algorithm = options.Algorithm,
            Engine = engine.Keys.Engine.Name,
            Shadow = engine.Shadow is ShadowCounts counts ? new ShadowStatus(counts.Equal, counts.Different, counts.Skipped) : null,
            Memory = OptionText.Memory(isFull ? engine.Memory : MemoryMode.Light),
            Pages = Word(isFull ? current?.DatasetPages : current?.CachePages),
            PagesByStructure = new StructurePages(Word(current?.CachePages), Word(current?.DatasetPages), Word(miner.ScratchpadPages)),
            Threads = engine.Role.IsWorker ? machine.ThreadPlan.Threads.Count : 0,
            Hashrate = new HashrateStatus(rate.S10, rate.S60, rate.M15, rate.Max),
            TotalHashes = (ulong)miner.TotalHashes,
            Job = job is null ? null : StatusOf(job),
            Shares = ledger.Counts,
            Proofs = new ProofCounts(prover.Checked, prover.ProcessorTime.TotalSeconds),
            Blocks = StatusOf(outbox.Counters),
            Chain = ChainNow(),
            Contribution = ContributionNow(),
            Dataset = current is null ? null : DatasetOf(current),
            Keys = current is null ? null : new Api.KeyStatus(current.Key.ToString(), keys.Keys.FirstOrDefault(key => !key.IsCurrent)?.Key.ToString()),
            Daemons = daemons is null ? [] : [.. daemons.Status.Daemons.Select(StatusOf)],
            ClusterTotals = TotalsOf(cluster.Members, rate),
            Events = events,
        };
    }

    /// <summary>What this node tells the others of itself.</summary>
    public MemberStatus ForCluster()
    {
        HashRate rate = engine.Miner.HashRate;
        KeyStoreStatus keys = engine.Keys.Status;
        Link tip = tree.Tip;
        return new MemberStatus
        {
            Version = VersionCommand.Version,
            Mode = options.Mode,
            IsWorker = engine.Role.IsWorker,
            IsDatasetHost = engine.Role.IsDatasetHost,
            Hashrate = Math.Max(0, rate.S60 ?? rate.S10 ?? 0),
            Threads = engine.Role.IsWorker ? engine.Miner.ThreadCount : 0,
            Memory = engine.Miner.FullThreadCount > 0 ? engine.Memory : MemoryMode.Light,
            Cpus = machine.Hardware.AllowedCpus.Count,
            MemoryTotal = (ulong)(machine.Hardware.Memory.TotalBytes ?? 0),
            MemoryAvailable = (ulong)(machine.Hardware.Memory.AvailableBytes ?? 0),
            Tip = new ChainTip(tip.Height, tip.Id, tip.CumulativeDifficulty),
            DatasetKeys = [.. keys.Keys.Where(key => key.Dataset == DatasetState.Ready && engine.Memory == MemoryMode.Full).Select(key => key.Key)],
            KnownKeys = known.All,
            HasDaemon = daemons?.Status.Active is not null,
            WorkWeight = _weight.Update(engine.Role.IsWorker ? rate.S60 : null),
            Name = options.Name,
            Neighbours = [.. cluster.Neighbours.Select(PeerTail.Of)],
        };
    }

    /// <summary>The other members, those of the greatest hash rate first.</summary>
    public IReadOnlyList<PeerStatus> Peers() =>
    [
        .. cluster.Members.OrderByDescending(member => member.Status.Hashrate).ThenBy(member => member.Peer.ToString(), StringComparer.Ordinal).Select(StatusOf),
    ];

    /// <summary>A job source in the word of the API.</summary>
    public static string Word(JobSource source) => source switch
    {
        JobSource.Chain => "chain",
        JobSource.Daemon => "daemon",
        _ => throw new ArgumentOutOfRangeException(nameof(source), source, "unknown job source"),
    };

    private static ClusterTotals TotalsOf(IReadOnlyList<Member> members, HashRate own)
    {
        double? mine = own.S60 ?? own.S10;
        return new ClusterTotals(members.Count, members.Count == 0 ? mine : (mine ?? 0) + members.Sum(member => member.Status.Hashrate));
    }

    private PeerStatus StatusOf(Member member)
    {
        MemberStatus status = member.Status;
        return new PeerStatus(
            member.Peer.ToString(), status.Version, OptionText.Mode(status.Mode), status.Role, status.Hashrate, status.Threads,
            OptionText.Memory(status.Memory), status.HasDaemon,
            new PeerChain(status.Tip.Height, status.Tip.Id.ToString()), [.. status.DatasetKeys.Select(key => key.ToString())],
            cluster.ConnectionOf(member.Peer)?.RemoteAddress.ToString(), member.SinceHeard.TotalSeconds)
        {
            Name = status.Name,
        };
    }

    /// <summary>What a daemon can be used for, in the word of the API.</summary>
    public static string Word(DaemonState state) => state.ToString().ToLowerInvariant();

    private static string? Word(PageKind? pages) => pages is PageKind kind ? OptionText.Pages(kind) : null;

    private static NodeState StateOf(bool stopping, bool isWorker, Miner miner, string? pause)
    {
        if (stopping)
            return NodeState.Stopping;
        if (!isWorker)
            return NodeState.Idle;
        if (pause is not null)
            return NodeState.Paused;
        return miner.FirstHash.IsCompleted ? NodeState.Mining : NodeState.Starting;
    }

    /// <summary>The difficulty of a job is what makes its block, or, where there is no block, its link.</summary>
    private JobStatus StatusOf(Job job)
    {
        PeerId? publisher = job is MergedJob merged ? merged.Block.Publisher ?? peerId : null;
        return new JobStatus(
            Word(job.Source), job.Height, job is ChainJob ? job.ShareDifficulty : job.NetworkDifficulty, job.Key.ToString(),
            publisher?.ToString(), engine.Miner.LastSwitchLatency?.TotalSeconds)
        {
            PublisherName = cluster.Members.FirstOrDefault(member => member.Peer.Equals(publisher))?.Status.Name ?? "",
        };
    }

    private static BlockCounts StatusOf(BlockCounters blocks) => new(blocks.Found, blocks.Accepted, blocks.Rejected, blocks.Relayed, blocks.Suppressed);

    private static DaemonEntry StatusOf(DaemonStatus daemon) => new(
        daemon.Name, Word(daemon.State), daemon.Height == 0 ? null : daemon.Height, daemon.Error?.Message);

    private static DatasetStatus DatasetOf(KeyStatus key)
    {
        DatasetProgress progress = key.Progress;
        string state = key.Dataset switch
        {
            DatasetState.Building => "building",
            DatasetState.Loading => "loading",
            DatasetState.Ready => "ready",
            DatasetState.Failed => "failed",
            _ => "none",
        };
        bool isRunning = key.Dataset is DatasetState.Building or DatasetState.Loading;
        return new DatasetStatus(
            key.Key.ToString(), state, progress.Fraction, Chunks(progress.ItemsDone) - Chunks(progress.ItemsRemote), Chunks(progress.ItemsRemote),
            isRunning ? progress.ItemsPerSecond : null, isRunning ? progress.Eta?.TotalSeconds : null)
        {
            FileChunks = Chunks(progress.ItemsFromFile),
        };
    }

    /// <summary>The last chunk of a dataset is a little shorter than the others.</summary>
    private static int Chunks(int items) => (items + ItemsPerChunk - 1) / ItemsPerChunk;

    /// <summary>Who did how much of the share chain.</summary>
    public ContributionReport Contributions() => ContributionReport.Of(tree.Contributions);

    private ContributionStatus ContributionNow()
    {
        Contributions all = tree.Contributions;
        MinerId self = new(peerId.Bytes);
        Contribution? own = all.Miners.FirstOrDefault(miner => miner.Miner.Equals(self));
        return new ContributionStatus(own is null ? 0 : all.PartOf(own), all.Links, all.Miners.Count);
    }

    private ChainStatus ChainNow()
    {
        Link tip = tree.Tip;
        return new ChainStatus(tip.Height, tip.Id.ToString(), tip.ChildDifficulty);
    }
}
