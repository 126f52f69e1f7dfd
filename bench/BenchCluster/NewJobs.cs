using System.Text.Json.Nodes;
using P2PMiner.Integration.Tests.Cluster;
using P2PMiner.Integration.Tests.Monero;

namespace P2PMiner.BenchCluster;

/// <summary>
/// From the moment at which the node with a daemon mines a new block until every other node does, and until every thread
/// searches it. Twenty machines' threads cannot run on a few CPUs: in one run as many nodes hash as there are CPUs and the others
/// only take the jobs, in the other all hash, and what a hash takes there counts.
/// </summary>
internal static class NewJobs
{
    private const double Bound = 100;

    /// <summary>About a block in three seconds at 70 H/s.</summary>
    private const ulong Difficulty = 200;

    public static async Task MeasureAsync(Report report, BenchSettings settings)
    {
        await MeasureAsync(report, settings, workers: Environment.ProcessorCount);
        await MeasureAsync(report, settings, workers: settings.Nodes);
    }

    private static async Task MeasureAsync(Report report, BenchSettings settings, int workers)
    {
        await using var crowd = new Crowd(settings.Nodes);
        await using MachineDaemon daemon = await MachineDaemon.StartAsync(crowd.Network, 0, other: null, Difficulty);
        for (int i = 0; i < settings.Nodes; i++)
        {
            // The publisher hashes last, if at all.
            bool isWorker = i > 0 ? i <= workers : workers == settings.Nodes;
            crowd.Start(
            [
                "--log-level", "debug", "--log-file", crowd.LogOf(i), "--threads", isWorker ? "1" : "0",
                .. i == 0 ? ["--daemon", MachineDaemon.Url, "--wallet", MonerodFixture.AnyAddress] : Array.Empty<string>(),
            ]);
        }
        await crowd.TogetherAsync();
        await Task.WhenAll(crowd.Nodes.Select(node => node.UntilAsync(status => Crowd.Publisher(status) is not null || status.GetProperty("threads").GetInt32() == 0)));
        await Task.Delay(BenchSettings.Settling);
        DateTimeOffset start = TimeProvider.System.GetUtcNow();
        await Task.Delay(settings.Jobs);
        DateTimeOffset end = TimeProvider.System.GetUtcNow() - TimeSpan.FromSeconds(3);
        Add(report, crowd, settings.Nodes, workers, start, end);
    }

    private static void Add(Report report, Crowd crowd, int nodes, int workers, DateTimeOffset start, DateTimeOffset end)
    {
        Dictionary<ulong, DateTimeOffset> published = NodeLog.Blocks(crowd.LogOf(0)).Where(block => block.At >= start && block.At <= end)
            .GroupBy(block => block.Height).ToDictionary(group => group.Key, group => group.First().At);
        List<double> taken = [];
        List<double> searched = [];
        (int notTaken, int notSearched) = (0, 0);
        for (int i = 0; i < nodes; i++)
        {
            Dictionary<ulong, DateTimeOffset> blocks = First(NodeLog.Blocks(crowd.LogOf(i)).Select(block => (block.At, block.Height)));
            Dictionary<ulong, DateTimeOffset> searches = First(NodeLog.Searches(crowd.LogOf(i)));
            notTaken += i == 0 ? 0 : Collect(published, blocks, taken);
            notSearched += searches.Count == 0 ? 0 : Collect(published, searches, searched);
        }
        string name = workers == nodes ? $"new job, {nodes} nodes that all hash" : $"new job, {nodes} nodes of which {workers} hash";
        Add(report, $"{name}: every node has it", null, published.Count, taken, notTaken);
        Add(report, $"{name}: every thread searches it", "p99 <= 100 ms", published.Count, searched, notSearched);
    }

    private static void Add(Report report, string name, string? bound, int blocks, List<double> times, int superseded) => report.Add(
        name,
        Report.Text($"p50 {times.Quantile(0.5):F0} ms, p99 {times.Quantile(0.99):F0} ms, worst {times.Max():F0} ms; {blocks} blocks, {times.Count} times, {superseded} superseded before"),
        bound, times.Quantile(0.99) <= Bound, new JsonObject { ["milliseconds"] = Report.Numbers(times) });

    private static Dictionary<ulong, DateTimeOffset> First(IEnumerable<(DateTimeOffset At, ulong Height)> lines) =>
        lines.GroupBy(line => line.Height).ToDictionary(group => group.Key, group => group.First().At);

    /// <summary>Returns how many blocks were never reached, because the next one was there before.</summary>
    private static int Collect(Dictionary<ulong, DateTimeOffset> published, Dictionary<ulong, DateTimeOffset> reached, List<double> times)
    {
        foreach ((ulong height, DateTimeOffset at) in published)
        {
            if (reached.TryGetValue(height, out DateTimeOffset then))
                times.Add((then - at).TotalMilliseconds);
        }
        return published.Keys.Count(height => !reached.ContainsKey(height));
    }
}
