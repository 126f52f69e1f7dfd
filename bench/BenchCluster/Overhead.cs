using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using P2PMiner.Integration.Tests.Nodes;

namespace P2PMiner.BenchCluster;

/// <summary>
/// What nodes of a large cluster take beside hashing while shares come at their normal rate: processor time and memory. Miner threads make
/// way for the rest of their nodes, and the engine is given, so that no trial of it has a cache of its own.
/// </summary>
internal static class Overhead
{
    private const double CpuBound = 0.01;
    private const double MemoryBound = 60;

    public static async Task MeasureAsync(Report report, BenchSettings settings)
    {
        await using var crowd = new Crowd(settings.Nodes);
        for (int i = 0; i < settings.Nodes; i++)
            crowd.Start(["--low-priority", "--engine", "managed", .. i < settings.Hashing ? Array.Empty<string>() : ["--threads", "0"]]);
        await crowd.TogetherAsync();
        await Task.Delay(settings.WarmUp);
        Console.WriteLine($"  {settings.Nodes} nodes at rest from now on");
        long start = Stopwatch.GetTimestamp();
        double links = await HeightAsync(crowd);
        double[] proofsBefore = await ProofsAsync(crowd);
        ProcessTimes[] before = [.. crowd.Nodes.Select(node => ProcessTimes.Of(node.Id))];
        await Task.Delay(settings.Rest);
        ProcessTimes[] after = [.. crowd.Nodes.Select(node => ProcessTimes.Of(node.Id))];
        double[] proofsAfter = await ProofsAsync(crowd);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        links = await HeightAsync(crowd) - links;

        double[] proofs = [.. proofsAfter.Zip(proofsBefore, (end, begin) => (end - begin) / seconds)];
        double[] parts = [.. after.Zip(before, (end, begin) => (end.All - end.Miners - begin.All + begin.Miners) / seconds)];
        double[] beside = [.. parts.Zip(proofs, (part, proof) => part - proof)];
        report.Add(
            $"processor time beside hashing, {settings.Nodes} nodes",
            Report.Text($"median {100 * beside.Median():F2} %, {100 * beside.Min():F2} to {100 * beside.Max():F2} % of one CPU, over {seconds:F0} s with {links} links; checking the proofs of work of others, which is hashing too, took another {100 * proofs.Median():F2} %"),
            "<= 1 %", beside.Median() <= CpuBound,
            new JsonObject
            {
                ["beside"] = Report.Numbers(beside),
                ["proofs"] = Report.Numbers(proofs),
                ["byThread"] = ByThread(before, after, seconds),
            });
        AddMemory(report, crowd);
    }

    private static void AddMemory(Report report, Crowd crowd)
    {
        ProcessMemory[] memories = [.. crowd.Nodes.Select(node => ProcessMemory.Of(node.Id))];
        double[] beyond = [.. memories.Select(memory => memory.All - memory.RandomX)];
        report.Add(
            "memory beyond RandomX's",
            Report.Text($"median {beyond.Median():F1} MiB, at most {beyond.Max():F1} MiB; of that mapped files {memories.Select(memory => memory.Files).Median():F1} MiB, private {memories.Select(memory => memory.Rest).Median():F1} MiB; with shared pages divided among the nodes {memories.Select(memory => memory.Proportional - memory.RandomX).Median():F1} MiB; RandomX's {memories.Select(memory => memory.RandomX).Median():F0} MiB"),
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

    /// <summary>Processor seconds that each node has spent on the proofs of others.</summary>
    private static Task<double[]> ProofsAsync(Crowd crowd) => Task.WhenAll(crowd.Nodes.Select(async node =>
        (await node.UntilAsync(_ => true)).GetProperty("proofs").GetProperty("seconds").GetDouble()));

    private static async Task<double> HeightAsync(Crowd crowd)
    {
        NodeProcess node = crowd[0];
        return (await node.UntilAsync(_ => true)).GetProperty("chain").GetProperty("height").GetDouble();
    }
}
