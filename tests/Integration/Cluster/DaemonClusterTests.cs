using System.Text.Json;
using P2PMiner.Integration.Tests.Monero;
using P2PMiner.Integration.Tests.Nodes;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>Real daemons behind two of four machines; the other two mine with them.</summary>
[Category("Node")]
public sealed class DaemonClusterTests
{
    private const ulong Difficulty = 60;

    private string _home = "";

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("p2p-miner-daemons-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [Test]
    public async Task Workers_WithoutADaemonFindBlocks_AndGoOnWithTheNextPublisherAfterAKill()
    {
        using LocalNetwork network = LocalNetwork.Create(4);
        await using MachineDaemon daemon = await MachineDaemon.StartAsync(network, 0, other: 1, Difficulty);
        await using MachineDaemon otherDaemon = await MachineDaemon.StartAsync(network, 1, other: 0, Difficulty);
        await Wait.UntilAsync(async () => await daemon.IsSynchronizedAsync() && await otherDaemon.IsSynchronizedAsync(), () => "the daemons know each other");

        string[] daemons = ["--threads", "0", "--daemon", MachineDaemon.Url, "--wallet", MonerodFixture.AnyAddress];
        NodeProcess[] nodes =
        [
            NodeProcess.StartOn(network.Machines[0], Home(0), daemons), NodeProcess.StartOn(network.Machines[1], Home(1), daemons),
            NodeProcess.StartOn(network.Machines[2], Home(2)), NodeProcess.StartOn(network.Machines[3], Home(3)),
        ];
        try
        {
            await RunAsync(nodes, daemon, otherDaemon);
        }
        finally
        {
            foreach (NodeProcess node in nodes)
                await node.DisposeAsync();
        }
    }

    private static async Task RunAsync(NodeProcess[] nodes, MachineDaemon daemon, MachineDaemon otherDaemon)
    {
        NodeProcess[] workers = nodes[2..];
        await Task.WhenAll(workers.Select(worker => worker.UntilAsync(status => Accepted(status) >= 1)));
        Assert.That(await daemon.HeightAsync(), Is.GreaterThanOrEqualTo(3));
        string[] publishers = await Task.WhenAll(nodes[..2].Select(async node => PeerId(await node.UntilAsync(_ => true))));
        string? chosen = null;
        await workers[0].UntilAsync(status => (chosen = Publisher(status)) is not null);
        Assert.That(publishers, Does.Contain(chosen));

        int victim = Array.IndexOf(publishers, chosen);
        await nodes[victim].KillAsync();
        long[] before = await Task.WhenAll(workers.Select(async worker => Accepted(await worker.UntilAsync(status => Publisher(status) == publishers[1 - victim]))));
        for (int i = 0; i < workers.Length; i++)
            await workers[i].UntilAsync(status => Accepted(status) >= before[i] + 1);

        // Nothing that was found is missing, be it that another block of the same height was faster.
        string[] found = [.. workers.SelectMany(worker => worker.Output).Where(line => line.Contains("Found block", StringComparison.Ordinal)).Select(BlockId)];
        Assert.That(found, Has.Length.GreaterThanOrEqualTo(4));
        foreach (string block in found)
            await Wait.UntilAsync(async () => await daemon.KnowsAsync(block) || await otherDaemon.KnowsAsync(block), () => $"block {block} is lost; {workers[0].Explain()}");
        foreach (NodeProcess worker in workers)
            Assert.That((await worker.UntilAsync(_ => true)).GetProperty("shares").GetProperty("rejected").GetInt64(), Is.Zero);
    }

    private string Home(int machine) => Path.Combine(_home, $"{machine}");

    private static long Accepted(JsonElement status) => status.GetProperty("blocks").GetProperty("accepted").GetInt64();

    private static string PeerId(JsonElement status) => status.GetProperty("peerId").GetString()!;

    private static string? Publisher(JsonElement status) =>
        status.GetProperty("job") is { ValueKind: JsonValueKind.Object } job ? job.GetProperty("publisher").GetString() : null;

    private static string BlockId(string line) => line.Split(' ', '(', ')', ',', ':').First(word => word.Length == 64);
}
