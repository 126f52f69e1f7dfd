using System.Text.Json;
using P2PMiner.Integration.Tests.Nodes;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>A master that hosts the dataset, and a worker that is told its address.</summary>
[Category("Node")]
internal sealed class MasterTests
{
    private string _home = "";

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("p2p-miner-master-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    /// <param name="isReady">Whether the master has its dataset in the end, before which it hardly hashes, or is still making it.</param>
    [TestCase(false)]
    [TestCase(true, Explicit = true, Reason = "a whole dataset takes a minute or more")]
    public async Task Worker_ThatIsToldTheAddressOfAMaster_IsOneClusterWithIt_WithoutMdnsAndWith(bool isReady)
    {
        using LocalNetwork network = LocalNetwork.Create(2);
        string[] arguments = ["--mode", "worker", "--connect", $"{LocalNetwork.AddressOf(0)}:9999"];
        await using NodeProcess master = NodeProcess.StartPlainOn(
            network.Machines[0], [], Home(0), ["P2P_MINER_THREADS=1"], "--mode", "master", "--dataset-host", "--port", "9999");
        string id = (await master.UntilAsync(_ => true)).GetProperty("peerId").GetString()!;
        await using (NodeProcess worker = NodeProcess.StartOn(network.Machines[1], Home(1), [.. arguments, "--no-mdns"]))
        {
            await IsWorkerOfAsync(worker, id);
            await HasWorkOfAsync(master, (await worker.UntilAsync(_ => true)).GetProperty("peerId").GetString()!);
        }
        JsonElement status = await master.UntilAsync(now => now.GetProperty("dataset") is { ValueKind: JsonValueKind.Object });
        Assert.That(status.GetProperty("mode").GetString(), Is.EqualTo("master"));
        Assert.That(status.GetProperty("role").GetString(), Is.EqualTo("dataset host, worker"));
        Assert.That(master.Output, Has.Some.Contains("dataset host, worker, because --dataset-host asks for it"));

        await using NodeProcess again = NodeProcess.StartOn(network.Machines[1], Home(1), arguments);
        await IsWorkerOfAsync(again, id);
        if (!isReady)
            return;
        await HasHostAsync(again, id, status.GetProperty("dataset").GetProperty("key").GetString()!);
        await HasWorkOfAsync(again, id);
    }

    /// <summary>Waits until a worker has a connection with the master and knows what it is, and says itself what it is.</summary>
    private static async Task IsWorkerOfAsync(NodeProcess worker, string master)
    {
        JsonElement status = await worker.UntilAsync(now => Fleet.Peers(now) == 1);
        Assert.That(status.GetProperty("mode").GetString(), Is.EqualTo("worker"));
        Assert.That(status.GetProperty("role").GetString(), Is.EqualTo("worker"));
        Assert.That(worker.Output, Has.Some.Contains("worker, because mode worker asks for it"));
        await Wait.UntilAsync(
            async () => (await worker.PeersAsync()).Any(peer =>
                peer.GetProperty("peerId").GetString() == master && peer.GetProperty("mode").GetString() == "master"
                && peer.GetProperty("role").GetString() == "dataset host, worker"
                && peer.GetProperty("address") is { ValueKind: JsonValueKind.String } address && address.GetString()!.Contains(LocalNetwork.AddressOf(0), StringComparison.Ordinal)),
            worker.Explain);
    }

    /// <summary>Waits until a member says that it has the dataset; in steps, as that takes long.</summary>
    private static async Task HasHostAsync(NodeProcess worker, string master, string key)
    {
        bool isReady = false;
        for (int patience = 0; patience < 10 && !isReady; patience++)
        {
            await Task.Delay(TimeSpan.FromSeconds(30));
            isReady = (await worker.PeersAsync()).Any(peer =>
                peer.GetProperty("peerId").GetString() == master && peer.GetProperty("datasetKeys").EnumerateArray().Any(text => text.GetString() == key));
        }
        Assert.That(isReady, Is.True, worker.Explain());
    }

    /// <summary>Waits until a node's chain has work of another one.</summary>
    private static Task HasWorkOfAsync(NodeProcess node, string other) => Wait.UntilAsync(
        async () => (await node.ContributionsAsync()).GetProperty("miners").EnumerateArray().Any(miner => miner.GetProperty("miner").GetString() == other),
        node.Explain);

    private string Home(int machine) => Path.Combine(_home, $"{machine}");
}
