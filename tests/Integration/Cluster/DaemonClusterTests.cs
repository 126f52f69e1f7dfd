using System.Text.Json;
using P2PMiner.Integration.Tests.Monero;
using P2PMiner.Integration.Tests.Nodes;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>Real daemons behind two of four machines; the other two mine with them.</summary>
[Category("Node")]
public sealed class DaemonClusterTests
{
    private const ulong Difficulty = 150;

    private string _home = "";

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("p2p-miner-daemons-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    /// <summary>One after the other on one cluster: blocks of workers, the end of a publisher, of all of them, and of a finder.</summary>
    [Test]
    public async Task Workers_WithoutADaemonFindBlocks_OfWhichNoneIsLost_WhoeverIsKilled()
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
            int victim = await KillChosenPublisherAsync(nodes, daemon);
            await FindNextAsync(nodes[2..], daemon, otherDaemon);
            await KillFinderAsync(network, nodes, daemons, 1 - victim);
            await using NodeProcess again = NodeProcess.StartOn(network.Machines[2], Home(2), "--threads", "0");
            await NothingIsLostAsync(nodes[2..], daemon, otherDaemon);
        }
        finally
        {
            foreach (NodeProcess node in nodes)
                await node.DisposeAsync();
        }
    }

    /// <summary>Returns the number of the one that was killed.</summary>
    private static async Task<int> KillChosenPublisherAsync(NodeProcess[] nodes, MachineDaemon daemon)
    {
        NodeProcess[] workers = nodes[2..];
        await Task.WhenAll(workers.Select(worker => worker.UntilAsync(status => Accepted(status) >= 1)));
        Assert.That(await daemon.HeightAsync(), Is.GreaterThanOrEqualTo(2));
        string[] publishers = await Task.WhenAll(nodes[..2].Select(async node => PeerId(await node.UntilAsync(_ => true))));
        string? chosen = null;
        await workers[0].UntilAsync(status => (chosen = Publisher(status)) is not null);
        Assert.That(publishers, Does.Contain(chosen));

        int victim = Array.IndexOf(publishers, chosen);
        await nodes[victim].KillAsync();
        await Task.WhenAll(workers.Select(worker => worker.UntilAsync(status => Publisher(status) == publishers[1 - victim])));
        return victim;
    }

    private static async Task FindNextAsync(NodeProcess[] workers, MachineDaemon daemon, MachineDaemon otherDaemon)
    {
        long[] before = await Task.WhenAll(workers.Select(async worker => Accepted(await worker.UntilAsync(_ => true))));
        for (int i = 0; i < workers.Length; i++)
            await workers[i].UntilAsync(status => Accepted(status) >= before[i] + 1);
        await NothingIsLostAsync(workers, daemon, otherDaemon);
    }

    /// <summary>A block that is found while no daemon can be reached is on disk when its finder is killed.</summary>
    private async Task KillFinderAsync(LocalNetwork network, NodeProcess[] nodes, string[] daemons, int lastPublisher)
    {
        NodeProcess finder = nodes[2];
        while (!await IsBlockLeftAsync(finder, nodes[lastPublisher]))
        {
            nodes[lastPublisher] = NodeProcess.StartOn(network.Machines[lastPublisher], Home(lastPublisher), daemons);
            await finder.UntilAsync(status => Publisher(status) is not null);
        }
        await finder.KillAsync();
        Assert.That(WaitingBlocks(2), Is.Not.Empty);

        nodes[lastPublisher] = NodeProcess.StartOn(network.Machines[lastPublisher], Home(lastPublisher), daemons);
    }

    /// <summary>
    /// Kills the publisher as soon as the finder has a new block to look for. Usually it finds that before it gives up; not if it had
    /// found it already.
    /// </summary>
    private static async Task<bool> IsBlockLeftAsync(NodeProcess finder, NodeProcess publisher)
    {
        ulong height = JobHeight(await finder.UntilAsync(status => Publisher(status) is not null));
        await finder.UntilAsync(status => JobHeight(status) > height);
        int before = Unsubmitted(finder);
        await publisher.KillAsync();
        bool isLeft = false;
        await finder.UntilAsync(status => (isLeft = Unsubmitted(finder) > before) || Publisher(status) is null);
        return isLeft;
    }

    private static int Unsubmitted(NodeProcess finder) =>
        finder.Output.Count(line => line.Contains("is not submitted yet", StringComparison.Ordinal));

    /// <summary>Nothing that was found is missing, be it that another block of the same height was faster.</summary>
    private static async Task NothingIsLostAsync(NodeProcess[] workers, MachineDaemon daemon, MachineDaemon otherDaemon)
    {
        string[] found = [.. workers.SelectMany(worker => worker.Output).Where(line => line.Contains("Found block", StringComparison.Ordinal)).Select(BlockId)];
        Assert.That(found, Has.Length.GreaterThanOrEqualTo(4));
        foreach (string block in found)
            await Wait.UntilAsync(async () => await daemon.KnowsAsync(block) || await otherDaemon.KnowsAsync(block), () => $"block {block} is lost; {workers[0].Explain()}");
    }

    private string[] WaitingBlocks(int machine) =>
        [.. Directory.GetDirectories(Home(machine), "blocks", SearchOption.AllDirectories).SelectMany(blocks => Directory.GetFiles(blocks))];

    private string Home(int machine) => Path.Combine(_home, $"{machine}");

    private static long Accepted(JsonElement status) => status.GetProperty("blocks").GetProperty("accepted").GetInt64();

    private static string PeerId(JsonElement status) => status.GetProperty("peerId").GetString()!;

    private static string? Publisher(JsonElement status) =>
        status.GetProperty("job") is { ValueKind: JsonValueKind.Object } job ? job.GetProperty("publisher").GetString() : null;

    private static ulong JobHeight(JsonElement status) => status.GetProperty("job").GetProperty("height").GetUInt64();

    private static string BlockId(string line) => line.Split(' ', '(', ')', ',', ':').First(word => word.Length == 64);
}
