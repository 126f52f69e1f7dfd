using System.Text.Json;
using System.Text.Json.Nodes;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Bench;

/// <summary>
/// Hash rate against the C loop, bytes allocated per hash, and the time a new job takes to reach every thread. They share
/// one start, because a dataset takes long to build.
/// </summary>
internal static class HashRateAndSwitch
{
    private const int Switches = 200;

    public static async Task MeasureAsync(Report report, HardwareInfo hardware, ThreadPlan plan, BenchSettings settings)
    {
        await using MinerSide miner = await MinerSide.StartAsync(hardware, plan, settings.Key, settings.Memory);
        using CLoop cLoop = CLoop.Start(
            settings.Key, plan.Threads.Select(thread => thread.Cpu), RandomXCpu.SupportedFlags, settings.Memory, miner.Pages);
        report.Describe("hashing", new JsonObject
        {
            ["threads"] = plan.Threads.Count,
            ["pages"] = miner.Pages.ToString(),
            ["flags"] = RandomXCpu.SupportedFlags.ToString(),
            ["key"] = settings.Key.ToString(),
        });

        // The first seconds of each side build the dataset, fault pages in, and settle the processor's clock.
        var warmUp = TimeSpan.FromSeconds(2);
        cLoop.Hash(warmUp);
        miner.Hash(warmUp);
        long allocatedBefore = miner.AllocatedBytes;
        long hashesBefore = miner.Hashes;
        List<Pair> pairs = Pairs.Alternate(
            settings.Pairs,
            () => miner.Hash(settings.Duration),
            () => cLoop.Hash(settings.Duration),
            pair => Console.WriteLine(Report.Text($"hash rate: p2p-miner {pair.P2PMiner:0.00} H/s, C loop {pair.CLoop:0.00} H/s, ratio {pair.Ratio:0.0000}")));
        report.Add("hash rate", "H/s", pairs, ">= 0.99");
        long atRest = settings.Pairs * miner.AllocatedAtRest(settings.Duration);
        AddAllocations(report, miner.AllocatedBytes - allocatedBefore, atRest, miner.Hashes - hashesBefore);
        AddSwitches(report, miner.SwitchJobs(Switches));
    }

    private static void AddAllocations(Report report, long hashing, long atRest, long hashes) => report.Add(
        "allocated per hash",
        Report.Text($"{(double)(hashing - atRest) / hashes:0.000} bytes"), "", Report.Text($"0 (process hashing {hashing}, at rest {atRest})"),
        new JsonObject { ["hashingBytes"] = hashing, ["atRestBytes"] = atRest, ["hashes"] = hashes });

    private static void AddSwitches(Report report, TimeSpan[] latencies)
    {
        double[] sorted = [.. latencies.Select(latency => latency.TotalMilliseconds).Order()];
        report.Add(
            "job switch",
            Report.Text($"{sorted.Median():0.00} ms"), "", Report.Text($"< 20 ms (worst of {sorted.Length}: {sorted[^1]:0.00} ms)"),
            new JsonObject { ["medianMilliseconds"] = sorted.Median(), ["milliseconds"] = JsonSerializer.SerializeToNode(sorted) });
    }
}
