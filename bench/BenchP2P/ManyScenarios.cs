using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.BenchP2P;

/// <summary>Many hosts of one side in one process, which does the measuring itself and prints the times.</summary>
internal static class ManyScenarios
{
    /// <summary>The topology and the publishers are drawn from it, the same on both sides.</summary>
    private const int Seed = 20_261_121;

    /// <summary>From publishing a message to each of its deliveries, in meshes of several sizes.</summary>
    public static async Task LatencyAsync(Report report, BenchSettings settings)
    {
        foreach (int hosts in settings.Hosts)
            await CompareAsync(report, settings.ManyPairs, $"gossip latency, {hosts} hosts", "mesh", hosts, settings.Rounds);
    }

    /// <summary>Lookups of random keys: until the closest peers have answered.</summary>
    public static Task LookupAsync(Report report, BenchSettings settings) =>
        CompareAsync(report, settings.DhtPairs, $"DHT lookup, {settings.DhtHosts} hosts", "dht", settings.DhtHosts, settings.Rounds / 4);

    private static async Task CompareAsync(Report report, int pairCount, string name, string scenario, int hosts, int rounds)
    {
        var runs = new Dictionary<PeerKind, List<JsonObject>> { [PeerKind.Ours] = [], [PeerKind.Js] = [] };
        for (int i = 0; i < pairCount; i++)
        {
            foreach (PeerKind side in i % 2 == 0 ? BenchSettings.Sides : BenchSettings.Sides.Reverse())
                runs[side].Add(await RunAsync(side, scenario, hosts, rounds, Seed + i));
        }
        foreach ((string label, double part) in new[] { ("p50", 0.5), ("p99", 0.99) })
        {
            Pair[] pairs = [.. runs[PeerKind.Ours].Zip(runs[PeerKind.Js], (ours, js) => new Pair(Times(ours).Quantile(part), Times(js).Quantile(part)))];
            report.Add($"{name}, {label}", "ms", pairs, Bound.AtMost(1));
        }
        report.Describe($"{name}, all", new JsonObject
        {
            ["ours"] = new JsonArray([.. runs[PeerKind.Ours]]),
            ["js"] = new JsonArray([.. runs[PeerKind.Js]]),
        });
    }

    private static IEnumerable<double> Times(JsonObject run) => run["times"]!.AsArray().Select(time => (double)time!);

    private static async Task<JsonObject> RunAsync(PeerKind side, string scenario, int hosts, int rounds, int seed)
    {
        string[] arguments =
        [
            scenario, "--hosts", hosts.ToString(CultureInfo.InvariantCulture),
            "--rounds", Math.Max(1, rounds).ToString(CultureInfo.InvariantCulture), "--seed", seed.ToString(CultureInfo.InvariantCulture),
        ];
        ProcessStartInfo start = side == PeerKind.Js
            ? new("node", [Path.Combine(PeerPrograms.Root, "tests", "interop", "many.mjs"), .. arguments])
            : new("dotnet", [typeof(ManyScenarios).Assembly.Location, "many", .. arguments]);
        start.RedirectStandardOutput = true;
        using Process process = Process.Start(start)!;
        try
        {
            using var limit = new CancellationTokenSource(BenchSettings.Deadline);
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            JsonObject result = process.ExitCode == 0
                ? JsonNode.Parse(output)!.AsObject()
                : throw new PeerException($"{side}: {scenario} of {hosts} hosts ended with {process.ExitCode}");
            int missing = (int)result["expected"]! - result["times"]!.AsArray().Count;
            if (missing > 0)
                Console.WriteLine($"{side}: {missing} of {result["expected"]} did not come within the time");
            return result;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
