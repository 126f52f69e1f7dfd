using System.Diagnostics;
using Microsoft.Extensions.Logging;
using P2PMiner.Node.Api;
using P2PMiner.Node.Cli;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Logging;
using P2PMiner.Node.Terminal;

namespace P2PMiner.Node;

/// <summary>Puts a node together and runs it.</summary>
internal static class NodeHost
{
    /// <summary>Runs until cancelled or until a part of the node fails.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled and has stopped cleanly.</exception>
    public static async Task<int> RunAsync(ResolvedOptions resolved, CancellationToken cancel)
    {
        NodeOptions options = resolved.Options;
        TimeProvider time = TimeProvider.System;
        long started = Stopwatch.GetTimestamp();
        using var log = NodeLog.Create(options, console: !Screen.IsTerminal, colours: false);
        ILogger logger = log.Factory.CreateLogger("node");
        foreach (string warning in resolved.Warnings)
            logger.LogWarning("{Warning}", warning);

        var hardware = new Lazy<HardwareReport>(() => HardwareReport.Read(options));
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] parts =
        [
            Task.Run(() => ApiServer.ServeAsync(options, new ApiSources(Status, () => hardware.Value, () => []), logger, stopping.Token), cancel),
            Task.Run(() => Screen.ShowAsync(Status, logger, time, stopping.Token), cancel),
        ];

        // No part ends by itself, so whichever ends first has failed or was cancelled.
        await Task.WhenAny(parts);
        await stopping.CancelAsync();
        await Task.WhenAll(parts);
        cancel.ThrowIfCancellationRequested();
        return ExitCode.Failed;

        NodeStatus Status() => new()
        {
            Version = VersionCommand.Version,
            Role = "relay",
            Cluster = options.Cluster,
            State = NodeState.Idle,
            UptimeSeconds = (long)Stopwatch.GetElapsedTime(started).TotalSeconds,
            Algorithm = options.Algorithm,
            Engine = "native",
            Memory = "light",
            Threads = 0,
            Events = log.Recent.Snapshot(),
        };
    }
}
