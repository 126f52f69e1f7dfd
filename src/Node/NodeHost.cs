using Microsoft.Extensions.Logging;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Node.Api;
using P2PMiner.Node.Api.History;
using P2PMiner.Node.Cli;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Logging;
using P2PMiner.Node.Terminal;

namespace P2PMiner.Node;

/// <summary>Runs a node with what surrounds it: log, HTTP API, terminal.</summary>
internal static class NodeHost
{
    /// <summary>Runs until cancelled or until a part of the node fails.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled and has stopped cleanly.</exception>
    public static async Task<int> RunAsync(ResolvedOptions resolved, CancellationToken cancel)
    {
        NodeOptions options = resolved.Options;
        EngineSelection.BeginProof(options.Engine);
        AlignedTime time = new(TimeProvider.System, () => Environment.TickCount64);
        using var log = NodeLog.Create(options, console: !Screen.IsTerminal);
        ILogger logger = log.Factory.CreateLogger("node");
        foreach (string warning in resolved.Warnings)
            logger.LogWarning("{Warning}", warning);

        HardwareReport machine = HardwareReport.Read(options);
        await using MinerNode node = MinerNode.Open(options, machine, time, log.Factory);
        NodeStatus Status() => node.Status(log.Recent.Snapshot());

        HashrateHistory history = new(Status, time);
        ApiSources sources = new(Status, () => machine, () => node.RecentShares, () => node.Peers, () => node.Cluster, () => node.Contributions, history);

        // Mining starts before anything that only watches it, so that the first hash waits for nothing.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] parts =
        [
            node.RunAsync(stopping.Token),
            Task.Run(() => ApiServer.ServeAsync(options, sources, logger, time, stopping.Token), cancel),
            Task.Run(() => history.RunAsync(stopping.Token), cancel),
            Task.Run(() => Screen.ShowAsync(sources, logger, time, stopping.Token), cancel),
            Task.Run(() => MemoryTrim.RunAsync(time, stopping.Token), cancel),
        ];

        // No part ends by itself, so whichever ends first has failed or was cancelled.
        Task first = await Task.WhenAny(parts);
        await stopping.CancelAsync();
        await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancel.ThrowIfCancellationRequested();
        await first;
        return ExitCode.Failed;
    }
}
