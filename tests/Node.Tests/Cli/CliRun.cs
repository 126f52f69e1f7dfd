using P2PMiner.Node.Cli;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Tests.Cli;

/// <summary>One run of the program in this process: its output, and the options that a node would have got.</summary>
internal sealed record CliRun(int ExitCode, string Output, string Error, NodeOptions? Started)
{
    public static async Task<CliRun> Of(
        string[] args,
        Dictionary<string, string>? environment = null,
        Func<ResolvedOptions, CancellationToken, Task<int>>? run = null,
        Func<BenchOptions, IProgress<BenchProgress>, CancellationToken, Task<BenchResult>>? bench = null,
        CancellationToken cancel = default)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        NodeOptions? started = null;
        var services = new CliServices(output, error, IsTerminal: false, environment ?? [], (resolved, token) =>
        {
            started = resolved.Options;
            return run is null ? Task.FromResult(0) : run(resolved, token);
        }, bench ?? ((_, _, _) => throw new InvalidOperationException("no benchmark here")));
        int exitCode = await CommandTree.RunAsync(args, services, cancel);
        return new CliRun(exitCode, output.ToString(), error.ToString(), started);
    }
}
