using System.Text.Json;
using System.Text.Json.Nodes;
using P2PMiner.Integration.Tests;
using P2PMiner.Integration.Tests.Cluster;
using P2PMiner.Integration.Tests.Monero;

namespace P2PMiner.BenchCluster;

/// <summary>From the death of the node whose blocks are mined until every node mines those of the next one.</summary>
internal static class Publishers
{
    /// <summary>Three heartbeats.</summary>
    private const double Bound = 9;

    /// <summary>So few blocks that none comes between.</summary>
    private const ulong Difficulty = 1_000_000;

    public static async Task MeasureAsync(Report report, BenchSettings settings)
    {
        List<double> seconds = [];
        for (int i = 0; i < settings.Kills; i++)
        {
            IReadOnlyList<double> run = await KillAsync(settings);
            Console.WriteLine(Report.Text($"  after {run.Min():F1} to {run.Max():F1} s"));
            seconds.AddRange(run);
        }
        report.Add(
            $"death of a publisher, {settings.Nodes} nodes: the next one's job",
            Report.Text($"median {seconds.Median():F1} s, worst {seconds.Max():F1} s; {settings.Kills} deaths, {seconds.Count} times"),
            Report.Text($"<= {Bound} s"), seconds.Max() <= Bound, new JsonObject { ["seconds"] = Report.Numbers(seconds) });
    }

    private static async Task<IReadOnlyList<double>> KillAsync(BenchSettings settings)
    {
        await using var crowd = new Crowd(settings.Nodes);
        await using MachineDaemon first = await MachineDaemon.StartAsync(crowd.Network, 0, other: 1, Difficulty);
        await using MachineDaemon second = await MachineDaemon.StartAsync(crowd.Network, 1, other: 0, Difficulty);
        await Wait.UntilAsync(async () => await first.IsSynchronizedAsync() && await second.IsSynchronizedAsync(), () => "the daemons know each other");
        for (int i = 0; i < settings.Nodes; i++)
        {
            crowd.Start(
            [
                "--log-level", "debug", "--log-file", crowd.LogOf(i), "--threads", i == 2 ? "1" : "0",
                .. i < 2 ? ["--daemon", MachineDaemon.Url, "--wallet", MonerodFixture.AnyAddress] : Array.Empty<string>(),
            ]);
        }
        await crowd.TogetherAsync();
        JsonElement worker = await crowd[2].UntilAsync(status => Crowd.Publisher(status) is not null);
        await Task.Delay(BenchSettings.Settling);
        worker = await crowd[2].UntilAsync(status => Crowd.Publisher(status) is not null);
        int victim = Crowd.PeerId(await crowd[0].UntilAsync(_ => true)) == Crowd.Publisher(worker) ? 0 : 1;
        string next = Crowd.PeerId(await crowd[1 - victim].UntilAsync(_ => true));
        DateTimeOffset death = TimeProvider.System.GetUtcNow();
        await crowd.KillAsync(victim);
        return await AllMineAsync(crowd, victim, settings.Nodes, next, death);
    }

    /// <summary>Seconds of each survivor.</summary>
    private static async Task<IReadOnlyList<double>> AllMineAsync(Crowd crowd, int victim, int nodes, string publisher, DateTimeOffset death)
    {
        int[] survivors = [.. Enumerable.Range(0, nodes).Where(number => number != victim)];
        double[] seconds = [];
        await Wait.UntilAsync(
            () =>
            {
                seconds =
                [
                    .. from number in survivors
                       let line = NodeLog.Blocks(crowd.LogOf(number)).LastOrDefault()
                       where line.Publisher == publisher
                       select Math.Max(0, (NodeLog.Blocks(crowd.LogOf(number)).First(block => block.Publisher == publisher && block.At > death).At - death).TotalSeconds),
                ];
                return Task.FromResult(seconds.Length == survivors.Length);
            },
            () => $"{seconds.Length} of {survivors.Length} nodes mine the next one's job");
        return seconds;
    }
}
