using System.Diagnostics.Metrics;

namespace P2PMiner.Node.Api.Metrics;

/// <summary>The node's status as instruments, exported together with the runtime's own.</summary>
internal sealed class NodeMetrics : IDisposable
{
    private readonly Meter _meter = new("P2PMiner");
    private readonly PrometheusExporter _exporter;
    private readonly Func<NodeStatus> _source;
    private readonly Func<ClusterReport> _clusterSource;
    private NodeStatus _status;
    private ClusterReport _cluster;

    /// <param name="source">Gives a snapshot of the node.</param>
    /// <param name="cluster">Gives a snapshot of the cluster.</param>
    public NodeMetrics(Func<NodeStatus> source, Func<ClusterReport> cluster)
    {
        _source = source;
        _clusterSource = cluster;
        _status = source();
        _cluster = cluster();
        AddProcess();
        AddMining();
        AddChain();
        AddCluster();
        _exporter = new PrometheusExporter(IsWanted);
    }

    /// <summary>Prometheus text of one moment.</summary>
    public string Collect()
    {
        Volatile.Write(ref _status, _source());
        Volatile.Write(ref _cluster, _clusterSource());
        return _exporter.Collect();
    }

    public void Dispose()
    {
        _exporter.Dispose();
        _meter.Dispose();
    }

    /// <summary>Prometheus keeps names that end in "count" for histograms, so the runtime's few such gauges are left out.</summary>
    private bool IsWanted(Instrument instrument) =>
        instrument.Meter == _meter
        || (instrument.Meter.Name == "System.Runtime" && !instrument.Name.EndsWith(".count", StringComparison.Ordinal));

    private void AddProcess()
    {
        Gauge("p2p_miner.build_info", null, "Always 1; the label tells the version.",
            status => [new Measurement<double>(1, new KeyValuePair<string, object?>("version", status.Version))]);
        Gauge("p2p_miner.uptime", "s", "Time since the node started.", status => [new(status.UptimeSeconds)]);
        Gauge("p2p_miner.ready", null, "1 when the node can do its work.", status => [new(status.Ready ? 1 : 0)]);
    }

    private void AddMining()
    {
        Gauge("p2p_miner.hashrate", null, "Hashes per second by averaging window.", status =>
        [
            .. Labelled("window", ("10s", status.Hashrate.S10), ("60s", status.Hashrate.S60), ("15m", status.Hashrate.M15)),
        ]);
        Gauge("p2p_miner.hashrate_max", null, "Greatest hashes per second over 10 s so far.",
            status => status.Hashrate.Max is double max ? [new(max)] : []);
        Counter("p2p_miner.hashes", "Hashes computed.", status => [new(status.TotalHashes)]);
        Gauge("p2p_miner.threads", null, "Miner threads.", status => [new(status.Threads)]);
        Counter("p2p_miner.shadow_hashes", "Hashes that engine shadow was to compute with both engines, by what became of them.", status =>
        [
            .. status.Shadow is { } shadow
                ? Labelled("result", ("equal", shadow.Equal), ("different", shadow.Different), ("skipped", shadow.Skipped))
                : [],
        ]);
        Counter("p2p_miner.shares", "Shares found, by what became of them.", status =>
        [
            .. Labelled("result", ("accepted", status.Shares.Accepted), ("rejected", status.Shares.Rejected), ("stale", status.Shares.Stale)),
        ]);
        Counter("p2p_miner.shares_found", "Shares found.", status => [new(status.Shares.Found)]);
        Counter("p2p_miner.proofs_checked", "Proofs of work of other nodes that were checked.", status => [new(status.Proofs.Checked)]);
        Counter("p2p_miner.proof_seconds", "Processor time that took, in seconds.", status => [new(status.Proofs.Seconds)]);
        Counter("p2p_miner.blocks", "Blocks submitted, by what became of them.", status =>
        [
            .. Labelled("result", ("accepted", status.Blocks.Accepted), ("rejected", status.Blocks.Rejected)),
        ]);
        Counter("p2p_miner.blocks_relayed", "Blocks of other nodes that were handed to this node's daemons.", status => [new(status.Blocks.Relayed)]);
        Counter("p2p_miner.blocks_suppressed", "Blocks that would only compete with another, and were not submitted.", status => [new(status.Blocks.Suppressed)]);
        Counter("p2p_miner.blocks_found", "Blocks found.", status => [new(status.Blocks.Found)]);
        Gauge("p2p_miner.dataset_progress", null, "Part of the dataset that is ready, 0 to 1.",
            status => status.Dataset is { } dataset ? [new(dataset.Progress)] : []);
        Gauge("p2p_miner.dataset_chunks", null, "Chunks of 1 MiB that are ready, by where they came from.", status =>
        [
            .. status.Dataset is { } dataset
                ? Labelled("origin", ("local", dataset.LocalChunks - dataset.FileChunks), ("file", dataset.FileChunks), ("remote", dataset.RemoteChunks))
                : [],
        ]);
    }

    private void AddChain()
    {
        Gauge("p2p_miner.cluster_peers", null, "Other live nodes of the cluster.", status => [new(status.ClusterTotals.Peers)]);
        Gauge("p2p_miner.cluster_hashrate", null, "Hashes per second of all nodes of the cluster, as they say.",
            status => status.ClusterTotals.Hashrate is double rate ? [new(rate)] : []);
        Gauge("p2p_miner.job_height", null, "Height that is mined for.", status => status.Job is { } job ? [new(job.Height)] : []);
        Gauge("p2p_miner.job_info", null, "Always 1; labels tell the source of the job and the node whose daemon made its block.", status => status.Job is { } job
            ? [new(1, new("source", job.Source), new("publisher", job.Publisher ?? ""))]
            : []);
        Gauge("p2p_miner.job_difficulty", null, "Difficulty of the job.", status => status.Job is { } job ? [new((double)job.Difficulty)] : []);
        Gauge("p2p_miner.job_switch", "s", "Time that the last job took from coming until all threads searched it.",
            status => status.Job?.SwitchSeconds is double seconds ? [new(seconds)] : []);
        Gauge("p2p_miner.chain_height", null, "Height of the share chain's tip.", status => status.Chain is { } chain ? [new(chain.Height)] : []);
        Gauge("p2p_miner.chain_difficulty", null, "Difficulty of the next link.",
            status => status.Chain is { } chain ? [new((double)chain.Difficulty)] : []);
        Gauge("p2p_miner.contribution", null, "This node's part in the work of the share chain's last links, 0 to 1.",
            status => status.Contribution is { } contribution ? [new(contribution.Part)] : []);
        Gauge("p2p_miner.contribution_miners", null, "Miners that share the work of the share chain's last links.",
            status => status.Contribution is { } contribution ? [new(contribution.Miners)] : []);
        Gauge("p2p_miner.daemon_up", null, "1 when the daemon can be mined with.", status =>
        [
            .. status.Daemons.Select(daemon => new Measurement<double>(
                daemon.State is "active" or "standby" ? 1 : 0, new KeyValuePair<string, object?>("url", daemon.Url))),
        ]);
    }

    private void AddCluster()
    {
        OfCluster("p2p_miner.cluster_members", null, "Live nodes of the cluster, this one included, by role.", cluster =>
        [
            .. cluster.Members.GroupBy(member => member.Role).Select(group => new Measurement<double>(group.Count(), Label("role", group.Key))),
        ]);
        OfCluster("p2p_miner.cluster_threads", null, "Miner threads of all nodes of the cluster.", cluster => [new(cluster.Totals.Threads)]);
        OfCluster("p2p_miner.cluster_dataset_hosts", null, "Nodes that hold the dataset for others.", cluster => [new(cluster.Totals.DatasetHosts)]);
        OfCluster("p2p_miner.cluster_daemons", null, "Nodes that have a Monero daemon.", cluster => [new(cluster.Totals.Daemons)]);
        OfCluster("p2p_miner.cluster_connections", null, "Members that this node is connected with.",
            cluster => [new(cluster.Members.Count(member => member.Address is not null))]);
        OfCluster("p2p_miner.member_hashrate", null, "Hashes per second by node, as it says; the fastest nodes first.", cluster =>
        [
            .. Shown(cluster).Select(member => new Measurement<double>(member.Hashrate, Labels(member))),
        ]);
        OfCluster("p2p_miner.member_chain_height", null, "Height of the share chain's tip by node, as it says.", cluster =>
        [
            .. Shown(cluster).Select(member => new Measurement<double>(member.Chain.Height, Labels(member))),
        ]);
        OfCluster("p2p_miner.member_latency", "s", "Round trip of this node's connections.", cluster =>
        [
            .. Shown(cluster).Where(member => member.LatencySeconds is not null)
                .Select(member => new Measurement<double>(member.LatencySeconds!.Value, Labels(member))),
        ]);
    }

    private static IEnumerable<ClusterMember> Shown(ClusterReport cluster) => cluster.Members.Take(PrometheusExporter.MaxSeries);

    private static KeyValuePair<string, object?>[] Labels(ClusterMember member) => [Label("peer", member.PeerId), Label("name", member.Name)];

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);

    private void OfCluster(string name, string? unit, string help, Func<ClusterReport, Measurement<double>[]> measure) =>
        _meter.CreateObservableGauge(name, () => measure(Volatile.Read(ref _cluster)), unit, help);

    private static IEnumerable<Measurement<double>> Labelled(string label, params (string Value, double? Measured)[] series) =>
        from sample in series
        where sample.Measured is not null
        select new Measurement<double>(sample.Measured!.Value, new KeyValuePair<string, object?>(label, sample.Value));

    private void Gauge(string name, string? unit, string help, Func<NodeStatus, Measurement<double>[]> measure) =>
        _meter.CreateObservableGauge(name, () => measure(Volatile.Read(ref _status)), unit, help);

    private void Counter(string name, string help, Func<NodeStatus, Measurement<double>[]> measure) =>
        _meter.CreateObservableCounter(name, () => measure(Volatile.Read(ref _status)), null, help);
}
