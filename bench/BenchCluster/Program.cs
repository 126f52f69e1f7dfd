using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using P2PMiner.BenchCluster;
using P2PMiner.Integration.Tests;
using P2PMiner.Integration.Tests.Nodes;

// Measures whole clusters on machines that are network namespaces; `make bench-cluster` builds the program and starts this.
var only = new Option<string[]>("--only")
{
    Description = "starts, hashrate, overhead, jobs, publisher",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => [],
};
var nodes = new Option<int>("--nodes") { Description = "of the large cluster, 300 MiB each", DefaultValueFactory = _ => 20 };
var hashing = new Option<int>("--hashing")
{
    Description = "nodes with a miner thread while the overhead is measured",
    DefaultValueFactory = _ => Environment.ProcessorCount,
};
var warmUp = new Option<int>("--warm-up") { Description = "seconds before the overhead is measured", DefaultValueFactory = _ => 300 };
var rest = new Option<int>("--rest") { Description = "seconds for which the overhead is measured", DefaultValueFactory = _ => 180 };
var jobs = new Option<int>("--jobs") { Description = "seconds for which new jobs are measured", DefaultValueFactory = _ => 300 };
var pairs = new Option<int>("--pairs") { Description = "alternating measurements of hash rates", DefaultValueFactory = _ => 5 };
var window = new Option<int>("--window") { Description = "seconds of each of these", DefaultValueFactory = _ => 20 };
var starts = new Option<int>("--starts") { Description = "of two fresh nodes, in each mode", DefaultValueFactory = _ => 5 };
var kills = new Option<int>("--kills") { Description = "of publishers", DefaultValueFactory = _ => 3 };
var memory = new Option<string[]>("--memory")
{
    Description = "modes of the fresh nodes; auto takes 5 GiB for both",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => ["light", "auto"],
};
var program = new Option<string>("--program") { Description = "p2p-miner, or p2p-miner.dll", DefaultValueFactory = _ => Path.Combine("bin", "p2p-miner") };
var output = new Option<string>("--output") { Description = "JSON file", DefaultValueFactory = _ => "artifacts/bench-cluster.json" };

var command = new RootCommand("Measures clusters of p2p-miner. Needs root, and a quiet machine.")
{
    only, nodes, hashing, warmUp, rest, jobs, pairs, window, starts, kills, memory, program, output,
};
command.SetAction(async parse =>
{
    var settings = new BenchSettings(
        parse.GetValue(only)!, Math.Max(3, parse.GetValue(nodes)), parse.GetValue(hashing), TimeSpan.FromSeconds(parse.GetValue(warmUp)), TimeSpan.FromSeconds(parse.GetValue(rest)), TimeSpan.FromSeconds(parse.GetValue(jobs)),
        Math.Max(1, parse.GetValue(pairs)), TimeSpan.FromSeconds(parse.GetValue(window)), Math.Max(1, parse.GetValue(starts)),
        Math.Max(1, parse.GetValue(kills)), parse.GetValue(memory)!, parse.GetValue(output)!);
    NodeProcess.Program = Path.GetFullPath(parse.GetValue(program)!);
    try
    {
        await RunAsync(settings);
        return 0;
    }
    catch (MachineException problem)
    {
        await Console.Error.WriteLineAsync("bench-cluster: " + problem.Message);
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();

static async Task RunAsync(BenchSettings settings)
{
    if (!File.Exists(NodeProcess.Program))
        throw new MachineException($"there is no program {NodeProcess.Program}; run make");
    var report = new Report();
    report.Describe("machine", new JsonObject
    {
        ["cpus"] = Environment.ProcessorCount,
        ["runtime"] = Environment.Version.ToString(),
        ["time"] = TimeProvider.System.GetUtcNow().ToString("u"),
        ["load"] = File.ReadAllText("/proc/loadavg").Trim(),
    });
    (string Name, Func<Report, BenchSettings, Task> Measure)[] figures =
    [
        ("starts", Starts.MeasureAsync),
        ("hashrate", HashRates.MeasureAsync),
        ("overhead", Overhead.MeasureAsync),
        ("jobs", NewJobs.MeasureAsync),
        ("publisher", Publishers.MeasureAsync),
    ];
    foreach ((string name, Func<Report, BenchSettings, Task> measure) in figures.Where(figure => settings.Wants(figure.Name)))
    {
        Console.WriteLine($"measuring {name}");
        long start = Stopwatch.GetTimestamp();
        await measure(report, settings);
        Console.WriteLine($"{name} took {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
    }
    report.Write(settings.Output);
}
