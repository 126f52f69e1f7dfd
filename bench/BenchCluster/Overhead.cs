using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using P2PMiner.Integration.Tests.Nodes;

namespace P2PMiner.BenchCluster;

/// <summary>
/// What nodes of a large cluster take beside hashing while shares come at their normal rate: processor time and memory. Many miner
/// threads share a few CPUs here, so they make way for the rest of their nodes.
/// </summary>
internal static class Overhead
{
    private const double CpuBound = 0.01;
    private const double MemoryBound = 60;

    /// <summary>Until the difficulty fits the hash rate, and everything has been compiled that runs often.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(120);

    public static async Task MeasureAsync(Report report, BenchSettings settings)
    {
        await using var crowd = new Crowd(settings.Nodes);
        for (int i = 0; i < settings.Nodes; i++)
            crowd.Start("--low-priority");
        await crowd.TogetherAsync();
        await Task.Delay(WarmUp);
        Console.WriteLine($"  {settings.Nodes} nodes at rest from now on");
        long start = Stopwatch.GetTimestamp();
        double links = await HeightAsync(crowd);
        ProcessTimes[] before = [.. crowd.Nodes.Select(node => ProcessTimes.Of(node.Id))];
        await Task.Delay(settings.Rest);
        ProcessTimes[] after = [.. crowd.Nodes.Select(node => ProcessTimes.Of(node.Id))];
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        links = await HeightAsync(crowd) - links;

        double[] parts = [.. after.Zip(before, (end, begin) => (end.All - end.Miners - begin.All + begin.Miners) / seconds)];
        report.Add(
            $"processor time beside hashing, {settings.Nodes} nodes",
            Report.Text($"median {100 * parts.Median():F2} %, {100 * parts.Min():F2} to {100 * parts.Max():F2} % of one CPU, over {seconds:F0} s with {links} links"),
            "<= 1 %", parts.Median() <= CpuBound,
            new JsonObject { ["parts"] = Report.Numbers(parts), ["byThread"] = ByThread(before, after, seconds) });
        AddMemory(report, crowd);
    }

    private static void AddMemory(Report report, Crowd crowd)
    {
        ProcessMemory[] memories = [.. crowd.Nodes.Select(node => ProcessMemory.Of(node.Id))];
        double[] beyond = [.. memories.Select(memory => memory.All - memory.RandomX)];
        report.Add(
            "memory beyond RandomX's",
            Report.Text($"median {beyond.Median():F1} MiB, at most {beyond.Max():F1} MiB; of that mapped files {memories.Select(memory => memory.Files).Median():F1} MiB, the rest {memories.Select(memory => memory.Rest).Median():F1} MiB; RandomX's {memories.Select(memory => memory.RandomX).Median():F0} MiB"),
            "<= 60 MB", beyond.Median() * 1.048576 <= MemoryBound, JsonSerializer.SerializeToNode(memories, JsonSerializerOptions.Web)!);
    }

    /// <summary>Means over all nodes, in % of one CPU.</summary>
    private static JsonObject ByThread(ProcessTimes[] before, ProcessTimes[] after, double seconds)
    {
        JsonObject all = [];
        foreach (string name in after.SelectMany(times => times.Others.Keys).Distinct())
        {
            double taken = after.Sum(times => times.Others.GetValueOrDefault(name)) - before.Sum(times => times.Others.GetValueOrDefault(name));
            all[name] = Math.Round(100 * taken / seconds / after.Length, 3);
        }
        return all;
    }

    private static async Task<double> HeightAsync(Crowd crowd)
    {
        NodeProcess node = crowd[0];
        return (await node.UntilAsync(_ => true)).GetProperty("chain").GetProperty("height").GetDouble();
    }
}
