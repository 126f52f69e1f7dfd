using System.CommandLine;
using System.Text.Json.Nodes;
using P2PMiner.BenchEngine;
using P2PMiner.BenchEngine.Shadow;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Native;

// Measures engine managed against librandomx, piece by piece; `make bench-engine` builds and starts this.
var only = new Option<string[]>("--only")
{
    Description = "cache, dataset, verify, light, hybrid, full, stages, keychange, miner",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => [],
};
var pairs = new Option<int>("--pairs") { Description = "measurements of each side, in turn", DefaultValueFactory = _ => 5 };
var seconds = new Option<double>("--seconds") { Description = "of one measurement of a hash rate", DefaultValueFactory = _ => 1 };
var threads = new Option<int[]>("--threads")
{
    Description = "numbers of threads; one, and as many as there are CPUs",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => [],
};
var pages = new Option<PagePreference[]>("--pages")
{
    Description = "auto, huge, thp, normal",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => [PagePreference.Auto, PagePreference.Normal],
};
var machines = new Option<string[]>("--machines")
{
    Description = "lanes with a dataset, t (touched) or b (batched) for their prefetches, and m for rounding modes in MXCSR",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => ["3t", "4t", "4b", "2", "1"],
};
var miner = new Option<string>("--miner") { Description = "command line of another miner, compared in full mode", DefaultValueFactory = _ => "" };
var minerPattern = new Option<string>("--miner-pattern")
{
    Description = "regular expression whose first group is a rate that it prints",
    DefaultValueFactory = _ => @"speed 10s/60s/15m ([\d.]+)",
};
var minerSeconds = new Option<int>("--miner-seconds") { Description = "that it runs each time", DefaultValueFactory = _ => 60 };
var checksum = new Option<int>("--checksum") { Description = "instead of all that: hash so many of XMRig's benchmark stream, and compare its checksum" };
var second = new Option<bool>("--rx2") { Description = "rx/2 instead of rx/0, for the checksum and against another miner" };
var shadow = new Option<int>("--shadow") { Description = "instead of all that: hash at least so many inputs with both engines, and compare" };
var keys = new Option<int>("--keys") { Description = "that the inputs are hashed under, with --shadow", DefaultValueFactory = _ => 50 };
var state = new Option<string>("--state") { Description = "where --shadow keeps what it has done, and goes on", DefaultValueFactory = _ => "artifacts/bench-shadow.json" };
var output = new Option<string>("--output") { Description = "JSON file", DefaultValueFactory = _ => "artifacts/bench-engine.json" };

var command = new RootCommand("Measures engine managed against librandomx in processor time.")
{
    only, pairs, seconds, threads, pages, machines, miner, minerPattern, minerSeconds, checksum, second, shadow, keys, state, output,
};
command.SetAction(async parse =>
{
    HardwareInfo hardware = HardwareProbe.Read();
    int[] cpus = [.. hardware.AllowedCpus.Order()];
    int[] counts = parse.GetValue(threads)!;
    var settings = new BenchSettings(
        parse.GetValue(only)!, Math.Max(1, parse.GetValue(pairs)), TimeSpan.FromSeconds(parse.GetValue(seconds)),
        counts.Length > 0 ? counts : [.. new[] { 1, cpus.Length }.Distinct()], cpus, parse.GetValue(pages)!, parse.GetValue(machines)!,
        parse.GetValue(miner)!, parse.GetValue(minerPattern)!, parse.GetValue(minerSeconds), parse.GetValue(output)!)
    {
        Version = parse.GetValue(second) ? RandomXVersion.V2 : RandomXVersion.V1,
    };
    try
    {
        if (parse.GetValue(checksum) is > 0 and int count)
            StreamChecksum.Run(new Report(), settings, settings.Version, count);
        else if (parse.GetValue(shadow) is > 0 and int inputs)
            Compare(settings, inputs, Math.Max(1, parse.GetValue(keys)), parse.GetValue(state)!);
        else
            await RunAsync(settings, hardware);
        return 0;
    }
    catch (Exception problem) when (problem is BenchException or InsufficientMemoryException or RandomXUnavailableException)
    {
        await Console.Error.WriteLineAsync("bench-engine: " + problem.Message);
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();

static void Compare(BenchSettings settings, int inputs, int keys, string path)
{
    const int BlockInputs = ShadowInputs.BlockInputs;
    int blocksPerKey = (int)(((long)inputs + (long)keys * BlockInputs - 1) / ((long)keys * BlockInputs));
    RandomXLibrary.EnsureLoaded();
    new ShadowRun(settings, ShadowState.Load(path, keys, blocksPerKey), path).Run();
}

static async Task RunAsync(BenchSettings settings, HardwareInfo hardware)
{
    Report report = new();
    report.Describe("machine", new JsonObject
    {
        ["cpu"] = hardware.Cpu.FullName,
        ["cpus"] = settings.Cpus.Count,
        ["time"] = TimeProvider.System.GetUtcNow().ToString("u"),
    });
    RandomXLibrary.EnsureLoaded();
    if (settings.Wants("cache"))
        FillTimes.MeasureCaches(report, settings);
    for (int i = 0; i < settings.Pages.Count; i++)
        MeasurePages(report, settings, settings.Pages[i], isFirst: i == 0);
    if (settings.Wants("keychange"))
        await KeyChange.MeasureAsync(report, settings, hardware);
    report.Write(settings.Output);
}

// What hardly depends on pages is measured with the first kind only.
static void MeasurePages(Report report, BenchSettings settings, PagePreference pages, bool isFirst)
{
    using Memories memories = new(settings.Key, pages);
    if (settings.Wants("verify") && isFirst)
        Verification.Measure(report, settings, memories);
    foreach (int threads in settings.Threads)
    {
        if (settings.Wants("dataset") && isFirst)
            FillTimes.MeasureDatasets(report, settings, memories, threads);
        if (settings.Wants("light"))
            HashRates.MeasureLight(report, settings, memories, threads);
        if (settings.Wants("hybrid") && isFirst)
            HashRates.MeasureHybrid(report, settings, memories, threads);
        if (settings.Wants("full"))
            HashRates.MeasureFull(report, settings, memories, threads);
    }
    if (settings.Wants("stages") && isFirst)
    {
        StageReport.MeasureLight(report, settings, memories);
        StageReport.MeasureFull(report, settings, memories);
    }
    if (settings.Miner.Length > 0 && settings.Wants("miner") && isFirst)
        HashRates.MeasureMiner(report, settings, memories);
}
