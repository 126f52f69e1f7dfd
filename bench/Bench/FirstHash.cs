using System.Diagnostics;
using System.Text.Json.Nodes;

namespace P2PMiner.Bench;

/// <summary>
/// Start to first hash: starts the node as a user does, with an empty data directory, and takes the time from just before the
/// process is made until it says that it has its first hash.
/// </summary>
internal static class FirstHash
{
    private const string Binary = "bin/p2p-miner";
    private const string Announcement = "first hash";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static void Measure(Report report, int runs)
    {
        double[] seconds = [.. Enumerable.Range(0, runs).Select(_ => StartOnce())];
        double median = seconds.Median();
        report.Add("first hash",
            Report.Text($"{median:0.00} s"), "", Report.Text($"< 1.5 s (worst of {runs}: {seconds.Max():0.00} s)"),
            new JsonObject { ["medianSeconds"] = median, ["seconds"] = new JsonArray([.. seconds.Select(value => (JsonNode)value)]) });
    }

    private static double StartOnce()
    {
        string directory = Directory.CreateTempSubdirectory("p2p-miner-bench-").FullName;
        var start = new ProcessStartInfo(Binary) { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (string argument in (string[])["--data-dir", directory, "--http", "off", "--cluster", $"bench-{Environment.ProcessId}"])
            start.ArgumentList.Add(argument);
        long began = Stopwatch.GetTimestamp();
        using Process node = Process.Start(start) ?? throw new BenchException($"{Binary} did not start");
        try
        {
            using var limit = new CancellationTokenSource(Limit);
            return WaitForAnnouncement(node, began, limit.Token).GetAwaiter().GetResult();
        }
        finally
        {
            node.Kill();
            node.WaitForExit();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<double> WaitForAnnouncement(Process node, long began, CancellationToken cancel)
    {
        while (await node.StandardOutput.ReadLineAsync(cancel) is string line)
        {
            if (line.Contains(Announcement, StringComparison.OrdinalIgnoreCase))
                return Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        throw new BenchException($"{Binary} ended before its first hash; its own message is above");
    }
}
