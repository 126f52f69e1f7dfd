using P2PMiner.Node.Api;

namespace P2PMiner.Node.Terminal;

/// <summary>A node's status in words: a report for <c>p2p-miner status</c>, and its parts for the panel.</summary>
internal static class StatusReport
{
    public static IReadOnlyList<ReportSection> Of(NodeStatus status)
    {
        List<ReportRow> node =
        [
            new("state", StateText(status)),
            new("version", status.Version),
            new("role", status.Role),
            new("cluster", ClusterText(status)),
            new("uptime", Units.Duration(status.UptimeSeconds)),
        ];
        List<ReportRow> mining =
        [
            new("hash rate", HashrateText(status.Hashrate)),
            new("hashes", $"{status.TotalHashes}"),
            new("algorithm", $"{status.Algorithm}, engine {status.Engine}, threads {status.Threads}"),
            new("memory", $"{status.Memory}, pages {status.Pages ?? Units.Unknown}"),
            new("dataset", DatasetText(status.Dataset)),
            new("job", JobText(status)),
            new("shares", SharesText(status.Shares)),
            new("blocks", BlocksText(status.Blocks)),
            new("chain", ChainText(status.Chain)),
            new("contribution", ContributionText(status.Contribution)),
            .. status.Daemons.Select(daemon => new ReportRow("daemon", DaemonText(daemon))),
        ];
        return [new("Node", node), new("Mining", mining)];
    }

    public static string ClusterText(NodeStatus status)
    {
        ClusterTotals totals = status.ClusterTotals;
        string others = totals.Peers switch { 0 => "no other node", 1 => "1 other node", _ => $"{totals.Peers} other nodes" };
        return $"{status.Cluster}, {others}, {Units.Hashrate(totals.Hashrate)} in all";
    }

    public static string StateText(NodeStatus status)
    {
        string state = status.State.ToString().ToLowerInvariant();
        return status.Paused is null ? state : $"{state} ({status.Paused})";
    }

    /// <summary>In the form that miners know: three windows, one unit.</summary>
    public static string HashrateText(HashrateStatus rate) =>
        $"10s/60s/15m {Units.Number(rate.S10)} {Units.Number(rate.S60)} {Units.Number(rate.M15)} H/s max {Units.Number(rate.Max)} H/s";

    public static string DatasetText(DatasetStatus? dataset)
    {
        if (dataset is null or { State: "none" })
            return "none";
        if (dataset.State == "ready")
        {
            string origin = dataset.RemoteChunks > 0 ? $", {dataset.RemoteChunks} of {dataset.LocalChunks + dataset.RemoteChunks} MiB from others" : "";
            return dataset.FileChunks > 0 ? $"ready, {dataset.FileChunks} of {dataset.LocalChunks} MiB from its file" : "ready" + origin;
        }
        string remote = dataset.RemoteChunks > 0 ? $", {dataset.LocalChunks} MiB made here, {dataset.RemoteChunks} MiB from others" : "";
        string rate = dataset.ItemsPerSecond is double items ? FormattableString.Invariant($", {items / 1e6:0.00} M items/s") : "";
        string eta = dataset.EtaSeconds is double seconds ? $", ready in {Units.Duration(seconds)}" : "";
        return $"{dataset.State} {Units.Percent(dataset.Progress)}{remote}{rate}{eta}";
    }

    public static string JobText(NodeStatus status) => status.Job is not JobStatus job
        ? "none yet"
        : $"{job.Source}{PaidText(status, job)}, height {job.Height}, difficulty {job.Difficulty}, key {Units.Short(job.Key)}";

    /// <summary>A block pays whose daemon made it.</summary>
    private static string PaidText(NodeStatus status, JobStatus job)
    {
        if (job.Publisher is null)
            return "";
        if (job.Publisher == status.PeerId)
            return " of this node";
        return $" of {(job.PublisherName.Length > 0 ? job.PublisherName : Units.Short(job.Publisher))}, who is paid";
    }

    public static string SharesText(ShareCounts shares) =>
        $"{shares.Found} found, {shares.Accepted} accepted, {shares.Rejected} rejected, {shares.Stale} stale";

    public static string BlocksText(BlockCounts blocks) =>
        $"{blocks.Found} found, {blocks.Accepted} accepted, {blocks.Rejected} rejected";

    public static string ContributionText(ContributionStatus? contribution) => contribution is null or { Links: 0 }
        ? Units.Unknown
        : $"{Units.Percent(contribution.Part)} of the work of the last {contribution.Links} links, {contribution.Miners} {(contribution.Miners == 1 ? "miner" : "miners")}";

    public static string ChainText(ChainStatus? chain) =>
        chain is null ? Units.Unknown : $"height {chain.Height}, difficulty {chain.Difficulty}, tip {Units.Short(chain.Tip)}";

    public static string DaemonText(DaemonEntry daemon)
    {
        string height = daemon.Height is ulong blocks ? $", height {blocks}" : "";
        string problem = daemon.Problem is string text ? $": {text}" : "";
        return $"{daemon.Url} {daemon.State}{height}{problem}";
    }
}
