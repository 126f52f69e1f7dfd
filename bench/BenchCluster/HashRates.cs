using System.Diagnostics;
using System.Text.Json.Nodes;
using P2PMiner.Integration.Tests.Nodes;

namespace P2PMiner.BenchCluster;

/// <summary>
/// Hash rates of two nodes in a cluster and alone. The same processes are measured: alone, the cable of one is out. Each has one
/// thread and a CPU of its own, so both sides share what the machine shares, and an engine that is not on trial.
/// </summary>
internal static class HashRates
{
    private const double Bound = 0.98;

    public static async Task MeasureAsync(Report report, BenchSettings settings)
    {
        await using var crowd = new Crowd(2);
        string[] environment = ["P2P_MINER_MEMORY=light", "P2P_MINER_THREADS=1", "P2P_MINER_ENGINE=managed"];
        crowd.Start(["taskset", "-c", "0"], environment);
        crowd.Start(["taskset", "-c", "1"], environment);
        await crowd.TogetherAsync();
        List<(Rate Together, Rate Alone)> pairs = [];
        for (int i = 0; i < settings.Pairs; i++)
        {
            Rate first = await MeasureAsync(crowd, together: i % 2 == 0, settings);
            Rate second = await MeasureAsync(crowd, together: i % 2 != 0, settings);
            pairs.Add(i % 2 == 0 ? (first, second) : (second, first));
            (Rate together, Rate alone) = pairs[^1];
            Console.WriteLine(Report.Text(
                $"  together {together.PerSecond:F1} H/s, alone {alone.PerSecond:F1} H/s; per processor second {together.PerCpuSecond:F1} and {alone.PerCpuSecond:F1}"));
        }
        Add(report, "hash rate, cluster to alone, by the clock", "H/s", [.. pairs.Select(pair => (pair.Together.PerSecond, pair.Alone.PerSecond))]);
        Add(report, "hash rate, cluster to alone, per processor time of the nodes", "H per CPU second",
            [.. pairs.Select(pair => (pair.Together.PerCpuSecond, pair.Alone.PerCpuSecond))]);
    }

    private static void Add(Report report, string name, string unit, (double Together, double Alone)[] pairs)
    {
        double[] ratios = [.. pairs.Select(pair => pair.Together / pair.Alone)];
        report.Add(
            name,
            Report.Text($"{pairs.Select(pair => pair.Together).Median():F1} and {pairs.Select(pair => pair.Alone).Median():F1} {unit}; median of {pairs.Length} ratios {ratios.Median():F3} ({ratios.Min():F3} to {ratios.Max():F3})"),
            Report.Text($">= {Bound}"), ratios.Median() >= Bound,
            new JsonObject
            {
                ["together"] = Report.Numbers(pairs.Select(pair => pair.Together)),
                ["alone"] = Report.Numbers(pairs.Select(pair => pair.Alone)),
                ["ratios"] = Report.Numbers(ratios),
            });
    }

    private static async Task<Rate> MeasureAsync(Crowd crowd, bool together, BenchSettings settings)
    {
        crowd.Network.SetCable(1, together);
        await Task.WhenAll(crowd.Nodes.Select(node => node.UntilAsync(status => Crowd.Peers(status) == (together ? 1 : 0))));

        // What happens when they part and meet is not what is measured.
        await Task.Delay(BenchSettings.Settling);
        long start = Stopwatch.GetTimestamp();
        (double hashes, double seconds) = await CountAsync(crowd);
        await Task.Delay(settings.Window);
        (double endHashes, double endSeconds) = await CountAsync(crowd);
        return new Rate(
            (endHashes - hashes) / Stopwatch.GetElapsedTime(start).TotalSeconds, (endHashes - hashes) / (endSeconds - seconds));
    }

    private static async Task<(double Hashes, double CpuSeconds)> CountAsync(Crowd crowd)
    {
        (double hashes, double seconds) = (0, 0);
        foreach (NodeProcess node in crowd.Nodes)
        {
            hashes += (await node.UntilAsync(_ => true)).GetProperty("totalHashes").GetDouble();
            seconds += ProcessTimes.Of(node.Id).All;
        }
        return (hashes, seconds);
    }

    /// <param name="PerSecond">By the clock.</param>
    /// <param name="PerCpuSecond">By the processor time of the whole processes: what other programs take does not count.</param>
    private sealed record Rate(double PerSecond, double PerCpuSecond);
}
