using System.Diagnostics;
using System.Text.Json.Nodes;
using P2PMiner.Integration.Tests;
using P2PMiner.Integration.Tests.Cluster;
using P2PMiner.Integration.Tests.Monero;

namespace P2PMiner.BenchCluster;

/// <summary>
/// From the moment at which the node with a daemon mines on a new block until every other node does, and until every thread
/// searches it. Twenty machines' threads cannot run on a few CPUs: a node that hashes has one to itself, as its machine would, and all others,
/// which only take the jobs, share the first one. The block is one of the rest of the network, as nearly all are: it is taken off the
/// daemon's chain and put back, again and again. One that the cluster finds would be checked by twenty nodes on these few CPUs at that very
/// moment.
/// </summary>
internal static class NewJobs
{
    private const double Bound = 100;

    /// <summary>About a block in half a minute at 350 H/s: the first one comes soon, and few come between those that are put back.</summary>
    private const ulong Difficulty = 10_000;

    /// <summary>How long the chain stays without the block, and with it.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2.5);

    /// <summary>A log may tell of an event that little before that of another node that led to it.</summary>
    private static readonly TimeSpan LogJitter = TimeSpan.FromMilliseconds(50);

    public static async Task MeasureAsync(Report report, BenchSettings settings)
    {
        await using var crowd = new Crowd(settings.Nodes);
        await using MachineDaemon daemon = await MachineDaemon.StartAsync(crowd.Network, 0, other: null, Difficulty);
        int workers = Math.Clamp(Environment.ProcessorCount - 1, 1, settings.Nodes - 1);
        for (int i = 0; i < settings.Nodes; i++)
        {
            bool isHashing = i > 0 && i <= workers;
            crowd.Start(
                ["taskset", "-c", isHashing ? $"{i % Environment.ProcessorCount}" : "0"], ["P2P_MINER_MEMORY=light"],
            [
                "--engine", "managed", "--log-level", "debug", "--log-file", crowd.LogOf(i), "--threads", isHashing ? "1" : "0",
                .. i == 0 ? ["--daemon", MachineDaemon.Url, "--wallet", MonerodFixture.AnyAddress] : Array.Empty<string>(),
            ]);
        }
        await crowd.TogetherAsync();
        await Wait.UntilAsync(async () => await daemon.HeightAsync() > 1, () => "the cluster finds a block");
        await Task.Delay(BenchSettings.Settling);
        List<DateTimeOffset> puts = await PutBackAsync(daemon, settings.Jobs);
        Add(report, crowd, settings.Nodes, workers, puts);
    }

    private static async Task<List<DateTimeOffset>> PutBackAsync(MachineDaemon daemon, TimeSpan duration)
    {
        List<DateTimeOffset> puts = [];
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            string block = await daemon.PopAsync();
            await Task.Delay(Pause);
            puts.Add(TimeProvider.System.GetUtcNow());
            await daemon.SubmitAsync(block);
            await Task.Delay(Pause);
        }
        return puts;
    }

    private static void Add(Report report, Crowd crowd, int nodes, int workers, List<DateTimeOffset> puts)
    {
        List<(DateTimeOffset At, ulong Height)> told = [.. NodeLog.Blocks(crowd.LogOf(0)).Select(block => (block.At, block.Height))];
        (DateTimeOffset At, ulong Height)[] published = [.. puts.Select(put => told.Find(block => block.At >= put)).Where(block => block.Height > 0)];
        List<double> taken = [];
        List<double> searched = [];
        for (int i = 1; i < nodes; i++)
        {
            Collect(published, [.. NodeLog.Blocks(crowd.LogOf(i)).Select(block => (block.At, block.Height))], taken);
            if (i <= workers)
                Collect(published, [.. NodeLog.Searches(crowd.LogOf(i))], searched);
        }
        string name = $"new job, {nodes} nodes of which {workers} hash";
        Add(report, $"{name}: every node has it", null, taken, published.Length * (nodes - 1));
        Add(report, $"{name}: every thread searches it", "p99 <= 100 ms", searched, published.Length * workers);
    }

    private static void Add(Report report, string name, string? bound, List<double> times, int expected) => report.Add(
        name,
        Report.Text($"p50 {times.Quantile(0.5):F0} ms, p99 {times.Quantile(0.99):F0} ms, worst {times.Max():F0} ms; {times.Count} times of {expected}"),
        bound, times.Count == expected && times.Quantile(0.99) <= Bound, new JsonObject { ["milliseconds"] = Report.Numbers(times) });

    /// <summary>Adds how long each published block took to <paramref name="reached"/>, if that was before the block was taken off again.</summary>
    private static void Collect((DateTimeOffset At, ulong Height)[] published, List<(DateTimeOffset At, ulong Height)> reached, List<double> times)
    {
        foreach ((DateTimeOffset at, ulong height) in published)
        {
            (DateTimeOffset At, ulong Height) first = reached.Find(entry => entry.At >= at - LogJitter && entry.Height == height);
            if (first.Height == height && first.At - at < Pause)
                times.Add((first.At - at).TotalMilliseconds);
        }
    }
}
