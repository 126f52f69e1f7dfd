using P2PMiner.Node.Cli;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node;

/// <summary>Puts a node together and runs it.</summary>
internal static class NodeHost
{
    /// <summary>Runs until cancelled; returns the exit code.</summary>
    public static async Task<int> RunAsync(ResolvedOptions resolved, CancellationToken cancel)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
        return ExitCode.Done;
    }
}
