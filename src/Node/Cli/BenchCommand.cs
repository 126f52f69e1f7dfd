using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Terminal;

namespace P2PMiner.Node.Cli;

/// <param name="Node">Threads, memory, pages, affinity and engine, as of a node.</param>
/// <param name="Duration">How long hashes are counted, from when every thread hashes in the chosen memory mode.</param>
internal sealed record BenchOptions(NodeOptions Node, TimeSpan Duration);

/// <summary>What a benchmark is doing, for people.</summary>
/// <param name="Phase">"cache", "dataset" or "hashing".</param>
/// <param name="Part">0 to 1.</param>
/// <param name="Hashrate">Hashes per second so far; null before there are any.</param>
internal readonly record struct BenchProgress(string Phase, double Part, double? Hashrate);

/// <summary>What was measured, as <c>bench --json</c> prints it.</summary>
/// <param name="Algorithm">"rx/0".</param>
/// <param name="Engine">"native" or "managed".</param>
/// <param name="Memory">"full" or "light".</param>
/// <param name="Pages">Of the dataset, or of the cache in light memory: "huge", "thp" or "normal".</param>
/// <param name="Threads">That hashed.</param>
/// <param name="Hashrate">Hashes per second of all threads together.</param>
/// <param name="Hashes">Counted in <paramref name="Seconds"/>.</param>
/// <param name="Seconds">Time in which they were counted.</param>
/// <param name="CacheSeconds">Time to fill the cache.</param>
/// <param name="DatasetSeconds">Time to fill the dataset; null in light memory.</param>
/// <param name="FirstHashSeconds">From the start of the process to the first hash.</param>
internal sealed record BenchResult(
    string Algorithm,
    string Engine,
    string Memory,
    string Pages,
    int Threads,
    double Hashrate,
    long Hashes,
    double Seconds,
    double CacheSeconds,
    double? DatasetSeconds,
    double FirstHashSeconds);

/// <summary><c>bench</c>: hash rate and set-up times of this machine.</summary>
internal static class BenchCommand
{
    private const int DefaultSeconds = 20;
    private const int MaxSeconds = 24 * 60 * 60;

    public static readonly string[] Examples =
    [
        "p2p-miner bench",
        "p2p-miner bench --seconds 5 --memory light --threads 1",
        "p2p-miner bench --json | jq .hashrate",
    ];

    public static Command Create(CliServices services)
    {
        var command = new Command("bench", "Measure the hash rate and the time to set up.");
        var seconds = new Option<string>("--seconds")
        {
            HelpName = "N",
            Description = $"How long to hash. [default: {DefaultSeconds}]",
        };
        command.Add(seconds);
        var defined = new DefinedOptions(
            command, OptionDefinitions.Algorithm, OptionDefinitions.Engine, OptionDefinitions.Threads, OptionDefinitions.Affinity,
            OptionDefinitions.LowPriority, OptionDefinitions.Memory, OptionDefinitions.Pages, OptionDefinitions.DatasetCache);
        Option<bool> json = CommonOptions.Json();
        command.Add(json);
        command.SetAction(async (parse, cancel) =>
        {
            var options = new BenchOptions(defined.Resolve(parse, services).Options, Duration(parse.GetValue(seconds)));
            if (options.Node.Threads == 0)
                throw new UsageException("--threads: 0 threads hash nothing, so there is nothing to measure");
            using var progress = new BenchProgressLine(services.IsTerminal ? services.Error : TextWriter.Null, TimeProvider.System);
            BenchResult result = await services.Bench(options, progress, cancel);
            progress.Dispose();
            if (parse.GetValue(json))
                services.Output.WriteLine(JsonSerializer.Serialize(result, NodeJson.Default.BenchResult));
            else
                Report.Write(services.Output, services.IsTerminal, [Section(result)]);
            return ExitCode.Done;
        });
        return command;
    }

    private static TimeSpan Duration(string? text)
    {
        if (text is null)
            return TimeSpan.FromSeconds(DefaultSeconds);
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
            && seconds is > 0 and <= MaxSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new UsageException($"--seconds: '{text}' is no number above 0 and up to {MaxSeconds}");
    }

    private static ReportSection Section(BenchResult result) => new("Benchmark",
    [
        new("hash rate", Units.Hashrate(result.Hashrate)),
        new("hashes", FormattableString.Invariant($"{result.Hashes} in {result.Seconds:0.00} s")),
        new("algorithm", $"{result.Algorithm}, engine {result.Engine}, {result.Threads} threads"),
        new("memory", $"{result.Memory}, pages {result.Pages}"),
        new("cache", FormattableString.Invariant($"{result.CacheSeconds:0.00} s")),
        new("dataset", result.DatasetSeconds is double dataset ? FormattableString.Invariant($"{dataset:0.00} s") : "none"),
        new("first hash", FormattableString.Invariant($"{result.FirstHashSeconds:0.00} s after start")),
    ]);
}
