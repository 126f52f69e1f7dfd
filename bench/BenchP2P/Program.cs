using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using P2PMiner.BenchP2P;
using P2PMiner.BenchP2P.Many;
using P2PMiner.Interop.Tests.Driver;

// Measures src/P2P against js-libp2p, side by side on this machine; `make bench-p2p` builds both and starts this.
var only = new Option<string[]>("--only")
{
    Description = "throughput, connections, gossip, rss, latency, dht, held, attacks",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => [],
};
var pairs = new Option<int>("--pairs") { Description = "alternating measurements between two peers", DefaultValueFactory = _ => 5 };
var size = new Option<int>("--size") { Description = "MB in one direction", DefaultValueFactory = _ => 300 };
var connections = new Option<int>("--connections") { Description = "in one measurement", DefaultValueFactory = _ => 100 };
var messages = new Option<int>("--messages") { Description = "in one measurement", DefaultValueFactory = _ => 5000 };
var hosts = new Option<int[]>("--hosts")
{
    Description = "sizes of the mesh",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => [20, 100],
};
var dhtHosts = new Option<int>("--dht-hosts") { Description = "size of the DHT", DefaultValueFactory = _ => 100 };
var rounds = new Option<int>("--rounds") { Description = "messages through the mesh; a quarter as many lookups", DefaultValueFactory = _ => 200 };
var manyPairs = new Option<int>("--many-pairs") { Description = "alternating measurements of mesh and attacks", DefaultValueFactory = _ => 3 };
var dhtPairs = new Option<int>("--dht-pairs") { Description = "the same of the DHT, which take minutes each", DefaultValueFactory = _ => 1 };
var held = new Option<int>("--held") { Description = "connections held open to one node", DefaultValueFactory = _ => 1000 };
var idle = new Option<int>("--idle") { Description = "seconds that they are left alone", DefaultValueFactory = _ => 20 };
var peer = new Option<string>("--peer")
{
    Description = "p2p-peer",
    DefaultValueFactory = _ => Path.Combine(PeerPrograms.Root, "bin", "p2p-peer"),
};
var output = new Option<string>("--output") { Description = "JSON file", DefaultValueFactory = _ => "artifacts/bench-p2p.json" };

var command = new RootCommand("Measures src/P2P against js-libp2p. Give it a quiet machine.")
{
    only, pairs, size, connections, messages, hosts, dhtHosts, rounds, manyPairs, dhtPairs, held, idle, peer, output,
    ManyCommand.Create(), AttackCommand.Create(),
};
command.SetAction(async parse =>
{
    var settings = new BenchSettings(
        parse.GetValue(only)!, Math.Max(1, parse.GetValue(pairs)), parse.GetValue(size) * 1_000_000L, Math.Max(1, parse.GetValue(connections)),
        Math.Max(1, parse.GetValue(messages)), parse.GetValue(hosts)!, parse.GetValue(dhtHosts), Math.Max(1, parse.GetValue(rounds)),
        Math.Max(1, parse.GetValue(manyPairs)), Math.Max(1, parse.GetValue(dhtPairs)), parse.GetValue(held), TimeSpan.FromSeconds(parse.GetValue(idle)), parse.GetValue(peer)!,
        parse.GetValue(output)!);
    try
    {
        await RunAsync(settings);
        return 0;
    }
    catch (PeerException problem)
    {
        await Console.Error.WriteLineAsync("bench-p2p: " + problem.Message);
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();

static async Task RunAsync(BenchSettings settings)
{
    if (PeerPrograms.MissingForJs() is string missing)
        throw new PeerException(missing);
    if (!File.Exists(settings.Peer))
        throw new PeerException($"there is no p2p-peer at {settings.Peer}; run make");
    var report = new Report();
    report.Describe("machine", new JsonObject
    {
        ["cpus"] = Environment.ProcessorCount,
        ["runtime"] = Environment.Version.ToString(),
        ["time"] = TimeProvider.System.GetUtcNow().ToString("u"),
    });
    (string Name, Func<Report, BenchSettings, Task> Measure)[] scenarios =
    [
        ("throughput", PairScenarios.ThroughputAsync),
        ("connections", PairScenarios.ConnectionsAsync),
        ("gossip", PairScenarios.GossipAsync),
        ("rss", PairScenarios.ResidentMemoryAsync),
        ("latency", ManyScenarios.LatencyAsync),
        ("dht", ManyScenarios.LookupAsync),
        ("held", HeldConnections.MeasureAsync),
        ("attacks", Attacks.MeasureAsync),
    ];
    foreach ((string name, Func<Report, BenchSettings, Task> measure) in scenarios.Where(one => settings.Wants(one.Name)))
    {
        Console.WriteLine($"measuring {name}");
        long start = Stopwatch.GetTimestamp();
        await measure(report, settings);
        Console.WriteLine($"{name} took {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
    }
    report.Write(settings.Output);
}
