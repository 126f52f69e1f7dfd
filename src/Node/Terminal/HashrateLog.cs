using Microsoft.Extensions.Logging;
using P2PMiner.Node.Api;

namespace P2PMiner.Node.Terminal;

/// <summary>Logs the hash rate once a minute, for terminals and files that only see lines.</summary>
internal static class HashrateLog
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    /// <summary>Runs until cancelled.</summary>
    public static async Task RunAsync(Func<NodeStatus> status, ILogger logger, TimeProvider time, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancel))
        {
            NodeStatus now = status();
            if (now.State == NodeState.Mining)
                logger.LogInformation("speed {Speed}", StatusReport.HashrateText(now.Hashrate));
            if (now.ClusterTotals.Peers > 0)
                logger.LogInformation("cluster {Cluster}", StatusReport.ClusterText(now));
        }
    }
}
