using System.CommandLine;
using System.Text.Json.Nodes;
using P2PMiner.Bench;
using P2PMiner.Hardware;

// Measures p2p-miner against a plain C loop on the same librandomx; `make bench` builds both and starts this.
var memory = new Option<MemoryMode>("--memory") { Description = "full or light", DefaultValueFactory = _ => MemoryMode.Full };
var pairs = new Option<int>("--pairs") { Description = "alternating hash rate measurements", DefaultValueFactory = _ => 7 };
var seconds = new Option<int>("--seconds") { Description = "of one measurement of one side", DefaultValueFactory = _ => 12 };
var datasetPairs = new Option<int>("--dataset-pairs") { Description = "alternating dataset builds", DefaultValueFactory = _ => 3 };
var starts = new Option<int>("--starts") { Description = "starts of the node until its first hash", DefaultValueFactory = _ => 5 };
var output = new Option<string>("--output") { Description = "JSON file", DefaultValueFactory = _ => "artifacts/bench.json" };

var command = new RootCommand("Measures p2p-miner against a plain C loop. Give it a quiet machine.")
{
    memory, pairs, seconds, datasetPairs, starts, output,
};
command.SetAction(async parse =>
{
    var settings = new BenchSettings(
        parse.GetValue(memory), Math.Max(1, parse.GetValue(pairs)), TimeSpan.FromSeconds(Math.Max(1, parse.GetValue(seconds))),
        parse.GetValue(datasetPairs), parse.GetValue(starts), parse.GetValue(output)!);
    try
    {
        await RunAsync(settings);
        return 0;
    }
    catch (BenchException problem)
    {
        await Console.Error.WriteLineAsync("bench: " + problem.Message);
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();

static async Task RunAsync(BenchSettings settings)
{
    HardwareInfo hardware = HardwareProbe.Read();
    ThreadPlan plan = ThreadPlanner.Plan(hardware, new ThreadRequest());
    Console.WriteLine($"{hardware.Cpu.FullName}, {hardware.LogicalCpus.Count} CPUs; {plan.Reason}");
    var report = new Report();
    report.Describe("machine", new JsonObject
    {
        ["cpu"] = hardware.Cpu.FullName,
        ["cpus"] = hardware.LogicalCpus.Count,
        ["memory"] = settings.Memory.ToString(),
        ["time"] = TimeProvider.System.GetUtcNow().ToString("u"),
    });

    if (settings.Starts > 0)
        FirstHash.Measure(report, settings.Starts);
    if (settings.Memory == MemoryMode.Full && settings.DatasetPairs > 0)
        DatasetBuild.Measure(report, hardware, settings.Key, settings.DatasetPairs);
    await HashRateAndSwitch.MeasureAsync(report, hardware, plan, settings);
    ShareChainLinks.Measure(report);
    report.Write(settings.Output);
}
