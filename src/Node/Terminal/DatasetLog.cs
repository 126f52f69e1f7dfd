using Microsoft.Extensions.Logging;
using P2PMiner.Node.Api;

namespace P2PMiner.Node.Terminal;

/// <summary>Logs how far a dataset is every few seconds while one is made, for those who only see lines.</summary>
internal static class DatasetLog
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Runs until cancelled.</summary>
    public static async Task RunAsync(Func<NodeStatus> status, ILogger logger, TimeProvider time, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancel))
        {
            if (status().Dataset is { State: "building" or "loading" } dataset)
                logger.LogInformation("dataset {Progress}", StatusReport.DatasetText(dataset));
        }
    }
}
