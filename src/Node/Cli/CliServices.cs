using P2PMiner.Node.Configuration;
using P2PMiner.Node.Terminal;

namespace P2PMiner.Node.Cli;

/// <summary>What the commands use of the world; tests put in their own.</summary>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="IsTerminal">Whether <paramref name="Output"/> is a terminal that understands ANSI sequences.</param>
/// <param name="Environment">Environment variables of the process.</param>
/// <param name="Run">Runs a node until it is cancelled or fails; returns the exit code.</param>
/// <param name="Bench">Measures this machine.</param>
internal sealed record CliServices(
    TextWriter Output,
    TextWriter Error,
    bool IsTerminal,
    IReadOnlyDictionary<string, string> Environment,
    Func<ResolvedOptions, CancellationToken, Task<int>> Run,
    Func<BenchOptions, IProgress<BenchProgress>, CancellationToken, Task<BenchResult>> Bench)
{
    /// <summary>The process itself.</summary>
    public static CliServices OfProcess() => new(
        Console.Out,
        Console.Error,
        Screen.IsTerminal,
        System.Environment.GetEnvironmentVariables()
            .Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? ""),
        NodeHost.RunAsync,
        Benchmark.RunAsync);
}
