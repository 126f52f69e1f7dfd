using System.Text.Json;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.Node.Cluster;
using P2PMiner.P2P.PrivateNetwork;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>The whole program on several machines of one network.</summary>
[Category("Node")]
public sealed class ClusterTests
{
    private string _home = "";

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("p2p-miner-cluster-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [Test]
    public async Task TwoMachines_WithoutAnyOption_AreOneClusterWithOneChain()
    {
        using LocalNetwork network = LocalNetwork.Create(2);
        await using NodeProcess first = NodeProcess.StartOn(network.Machines[0], Home(0));
        await using NodeProcess second = NodeProcess.StartOn(network.Machines[1], Home(1));
        await Task.WhenAll(first.UntilAsync(status => Peers(status) == 1), second.UntilAsync(status => Peers(status) == 1));

        // Both find shares, and the links of each are in the chain of the other.
        await Task.WhenAll(first.UntilAsync(status => Accepted(status) >= 1), second.UntilAsync(status => Accepted(status) >= 1));
        JsonElement[] ends = await Task.WhenAll(first.UntilAsync(_ => true), second.UntilAsync(_ => true));
        string[] both = [.. ends.Select(end => end.GetProperty("peerId").GetString()!).Order(StringComparer.Ordinal)];
        foreach (NodeProcess node in new[] { first, second })
            await Wait.UntilAsync(async () => WithLinks(await node.ContributionsAsync()).SequenceEqual(both), () => $"links of both; {node.Explain()}");
        await OneChainAsync(first, second);
    }

    [Test]
    public async Task ThreeMachines_AgreeAgainAfterAKillAndAfterACutCable()
    {
        using LocalNetwork network = LocalNetwork.Create(3);
        await using NodeProcess first = NodeProcess.StartOn(network.Machines[0], Home(0), "--mode", "worker", "--port", "9999");
        await using NodeProcess second = NodeProcess.StartOn(network.Machines[1], Home(1), "--no-mdns", "--connect", $"{LocalNetwork.AddressOf(0)}:9999");
        NodeProcess third = NodeProcess.StartOn(network.Machines[2], Home(2));
        await Task.WhenAll(new[] { first, second, third }.Select(node => node.UntilAsync(status => Peers(status) == 2)));

        await third.KillAsync();
        await third.DisposeAsync();
        JsonElement before = await first.UntilAsync(status => Peers(status) == 1);
        await first.UntilAsync(status => Height(status) > Height(before));
        await using NodeProcess again = NodeProcess.StartOn(network.Machines[2], Home(2));
        await again.UntilAsync(status => Peers(status) == 2);
        await OneChainAsync(first, second, again);

        network.SetCable(0, isIn: false);
        JsonElement alone = await first.UntilAsync(status => Peers(status) == 0);
        await Task.WhenAll(
            first.UntilAsync(status => Height(status) > Height(alone)), second.UntilAsync(status => Height(status) > Height(alone)));
        network.SetCable(0, isIn: true);
        await first.UntilAsync(status => Peers(status) == 2);
        await OneChainAsync(first, second, again);
    }

    /// <summary>All open clusters use one DHT: nobody but it can tell the two of each other.</summary>
    [Test]
    public async Task TwoMachines_ThatKnowOnlyANodeOfAnotherCluster_FindEachOtherByTheDht()
    {
        using LocalNetwork network = LocalNetwork.Create(3);
        string[] arguments = ["--no-mdns", "--log-level", "debug", "--connect", $"{LocalNetwork.AddressOf(0)}:9999"];
        await using NodeProcess other = NodeProcess.StartOn(
            network.Machines[0], ["P2P_MINER_THREADS=0"], Home(0), "--no-mdns", "--cluster", "other", "--port", "9999");
        await using NodeProcess first = NodeProcess.StartOn(network.Machines[1], Home(1), arguments);
        await using NodeProcess second = NodeProcess.StartOn(network.Machines[2], Home(2), arguments);
        JsonElement[] ends = await Task.WhenAll(first.UntilAsync(status => Peers(status) == 1), second.UntilAsync(status => Peers(status) == 1));

        string?[] ids = [.. ends.Select(end => end.GetProperty("peerId").GetString())];
        Assert.That((await first.PeersAsync()).Select(peer => peer.GetProperty("peerId").GetString()), Is.EqualTo(ids[1..]));
        Assert.That((await second.PeersAsync()).Select(peer => peer.GetProperty("peerId").GetString()), Is.EqualTo(ids[..1]));
        Assert.That(await other.PeersAsync(), Is.Empty);

        // A search of the DHT may connect them as well; but the cluster's record names both, and nobody else.
        await Wait.UntilAsync(
            () => Task.FromResult(new[] { first, second }.Any(node => node.Output.Any(line => line.EndsWith("found 2 of the cluster", StringComparison.Ordinal)))),
            () => $"the cluster's record is found; {first.Explain()}");
        await Task.WhenAll(first.UntilAsync(status => Height(status) >= 1), second.UntilAsync(status => Height(status) >= 1));
        await OneChainAsync(first, second);
    }

    /// <summary>One cluster without a name, one with, and one with a key: three nodes each, of which two share a machine.</summary>
    [Test]
    public async Task Nodes_OfThreeClustersOnOneNetwork_FindTheirOwnAndNoOthers_AlsoOnOneMachine()
    {
        const int Nodes = 3;
        string key = Path.Combine(_home, "cluster.key");
        ClusterKeyFile.Write(key, PreSharedKey.Generate());
        string[][] clusters = [[], ["--cluster", "other"], ["--cluster-key", key]];
        using LocalNetwork network = LocalNetwork.Create(2);
        List<NodeProcess> nodes = [];
        try
        {
            for (int number = 0; number < clusters.Length * Nodes; number++)
            {
                nodes.Add(NodeProcess.StartOn(
                    network.Machines[number % Nodes / 2], ["P2P_MINER_THREADS=0"], Home(number),
                    ["--http", $"127.0.0.1:{NodeProcess.DefaultHttpPort + number}", .. clusters[number / Nodes]]));
            }
            string[] ids = await Task.WhenAll(nodes.Select(async node => (await node.UntilAsync(status => Peers(status) == Nodes - 1)).GetProperty("peerId").GetString()!));
            foreach (NodeProcess[] cluster in nodes.Chunk(Nodes))
            {
                string[] own = [.. cluster.Select(node => ids[nodes.IndexOf(node)])];
                foreach (NodeProcess node in cluster)
                {
                    JsonElement[] peers = await node.PeersAsync();
                    Assert.That(peers.Select(peer => peer.GetProperty("peerId").GetString()).Append(ids[nodes.IndexOf(node)]), Is.EquivalentTo(own));
                }
            }
        }
        finally
        {
            foreach (NodeProcess node in nodes)
                await node.DisposeAsync();
        }
    }

    private string Home(int machine) => Path.Combine(_home, $"{machine}");

    /// <summary>Waits for a moment at which all have the same tip: each link makes nodes differ for a moment.</summary>
    private static async Task<JsonElement> OneChainAsync(params NodeProcess[] nodes)
    {
        JsonElement[] last = [];
        await Wait.UntilAsync(
            async () =>
            {
                last = await Task.WhenAll(nodes.Select(node => node.UntilAsync(_ => true)));
                return last.Select(Tip).Distinct().Count() == 1;
            },
            () => $"tips {string.Join(", ", last.Select(Tip))}; {nodes[0].Explain()}");
        return last[0];
    }

    /// <summary>The miners that have links in the chain, not only late shares.</summary>
    private static IEnumerable<string> WithLinks(JsonElement contributions) => contributions.GetProperty("miners").EnumerateArray()
        .Where(miner => miner.GetProperty("links").GetInt32() > 0).Select(miner => miner.GetProperty("miner").GetString()!).Order(StringComparer.Ordinal);

    private static int Peers(JsonElement status) => status.GetProperty("clusterTotals").GetProperty("peers").GetInt32();

    private static long Accepted(JsonElement status) => status.GetProperty("shares").GetProperty("accepted").GetInt64();

    private static ulong Height(JsonElement status) => status.GetProperty("chain").GetProperty("height").GetUInt64();

    private static string? Tip(JsonElement status) => status.GetProperty("chain").GetProperty("tip").GetString();
}
