using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Cli;

/// <summary>What the commands use of the world; tests put in their own.</summary>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="Environment">Environment variables of the process.</param>
/// <param name="Run">Runs a node until it is cancelled or fails; returns the exit code.</param>
internal sealed record CliServices(
    TextWriter Output,
    TextWriter Error,
    IReadOnlyDictionary<string, string> Environment,
    Func<ResolvedOptions, CancellationToken, Task<int>> Run)
{
    /// <summary>The process itself.</summary>
    public static CliServices OfProcess() => new(
        Console.Out,
        Console.Error,
        System.Environment.GetEnvironmentVariables()
            .Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? ""),
        NodeHost.RunAsync);
}
