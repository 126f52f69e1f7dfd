using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using P2PMiner.Integration.Tests;
using P2PMiner.Integration.Tests.Nodes;

namespace P2PMiner.BenchCluster;

/// <summary>
/// Two fresh nodes on a LAN: how soon after the second start they are one cluster, and both have contributed to one chain. Each
/// has a CPU of its own, as machines have: neither waits while the other one makes its dataset.
/// </summary>
internal static class Starts
{
    private static readonly TimeSpan Head = TimeSpan.FromSeconds(3);

    public static async Task MeasureAsync(Report report, BenchSettings settings)
    {
        foreach (string memory in settings.Memory)
        {
            List<(double Met, double Contributing)> runs = [];
            for (int i = 0; i < settings.Starts; i++)
            {
                runs.Add(await RunAsync(memory == "auto" ? [] : [$"P2P_MINER_MEMORY={memory}"]));
                Console.WriteLine(Report.Text($"  {memory}: one cluster after {runs[^1].Met:F1} s, both contribute after {runs[^1].Contributing:F1} s"));
            }
            Add(report, $"two starts, memory {memory}, one cluster", 5, [.. runs.Select(run => run.Met)]);
            Add(report, $"two starts, memory {memory}, both contribute", 15, [.. runs.Select(run => run.Contributing)]);
        }
    }

    private static void Add(Report report, string name, double bound, double[] seconds) => report.Add(
        name, Report.Text($"median {seconds.Median():F1} s, {seconds.Min():F1} to {seconds.Max():F1} s, {seconds.Length} runs"), Report.Text($"each <= {bound} s"),
        seconds.Max() <= bound, new JsonObject { ["seconds"] = Report.Numbers(seconds) });

    private static async Task<(double Met, double Contributing)> RunAsync(string[] environment)
    {
        await using var crowd = new Crowd(2);
        NodeProcess first = crowd.Start(["taskset", "-c", "0"], environment);
        await Task.Delay(Head);
        long start = Stopwatch.GetTimestamp();
        NodeProcess second = crowd.Start(["taskset", "-c", "1"], environment);
        await crowd.TogetherAsync();
        double met = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await Wait.UntilAsync(
            async () => await MinersAsync(first) == 2 && await MinersAsync(second) == 2, () => "both nodes are in the contributions of both");
        return (met, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static async Task<int> MinersAsync(NodeProcess node)
    {
        JsonElement contributions = await node.ContributionsAsync();
        return contributions.GetProperty("miners").GetArrayLength();
    }
}
