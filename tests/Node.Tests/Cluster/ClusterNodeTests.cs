using System.Net;
using System.Net.Sockets;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.PrivateNetwork;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ClusterNodeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Test]
    public async Task Nodes_OfAConnectedOne_FindEachOtherByTheDht()
    {
        await using TestNode first = await StartAsync("first", options => options with { NoDht = false });
        Func<NodeOptions, NodeOptions> joins = options => options with { NoDht = false, Connect = [first.Address] };
        await using TestNode second = await StartAsync("second", joins);
        await using TestNode third = await StartAsync("third", joins);
        TestNode[] all = [first, second, third];
        await Wait.UntilAsync(() => all.All(node => node.Cluster.ConnectedMembers == 2), "each is connected with both others");
    }

    [Test]
    public async Task Heartbeats_ReachThoseBehindOthers_AndStopWithTheirSender()
    {
        await using TestNode middle = await StartAsync("middle");
        Func<NodeOptions, NodeOptions> joins = options => options with { Connect = [middle.Address] };
        await using TestNode left = await StartAsync("left", joins);
        TestNode right = await StartAsync("right", joins);
        right.Status = right.Status with { Hashrate = 1234.5, IsWorker = true };
        await Wait.UntilAsync(() => left.Cluster.Members.Any(member => member.Peer.Equals(right.Id) && member.Status.Hashrate == 1234.5), "heartbeat through the middle");
        Assert.That(left.Cluster.ConnectionOf(right.Id), Is.Null);
        await right.DisposeAsync();
        await Wait.UntilAsync(() => left.Cluster.Members.Count == 1, "its end is noticed");
    }

    [Test]
    public async Task Connect_IsTriedUntilTheOtherIsThere_AndAgainWhenItIsBack()
    {
        TestNode first = await StartAsync("first");
        Multiaddr address = first.Address;
        await first.DisposeAsync();
        await using TestNode second = await StartAsync("second", options => options with { Connect = [address] });
        for (int run = 0; run < 2; run++)
        {
            await using TestNode again = await StartAsync("first", options => options with { Listen = [address.WithoutPeer()] });
            await Wait.UntilAsync(() => second.Cluster.ConnectedMembers == 1, "connection");
        }
        await Wait.UntilAsync(() => second.Cluster.ConnectedMembers == 0, "loss of the connection");
        Assert.That(second.Running.IsCompleted, Is.False);
    }

    [Test]
    public async Task Members_AreRememberedBetweenRuns()
    {
        await using TestNode first = await StartAsync("first");
        await using (TestNode second = await StartAsync("second", options => options with { Connect = [first.Address] }))
            await Wait.UntilAsync(() => second.Cluster.ConnectedMembers == 1, "connection");
        await using TestNode again = await StartAsync("second");
        await Wait.UntilAsync(() => again.Cluster.ConnectedMembers == 1, "connection from memory");
    }

    [Test]
    public async Task Key_LetsInThoseWhoHaveIt_AndNobodyElse()
    {
        string key = NewKey("cluster.key");
        await using TestNode first = await StartAsync("first", options => options with { ClusterKey = key });
        Func<string?, Func<NodeOptions, NodeOptions>> with = file => options => options with { ClusterKey = file, Connect = [first.Address] };
        await using TestNode stranger = await StartAsync("stranger", with(NewKey("other.key")));
        await using TestNode open = await StartAsync("open", with(null));
        await using TestNode second = await StartAsync("second", with(key));
        await Wait.UntilAsync(() => second.Cluster.ConnectedMembers == 1 && first.Cluster.ConnectedMembers == 1, "the two with the key");
        Assert.That(stranger.Cluster.ConnectedMembers + open.Cluster.ConnectedMembers, Is.Zero);
    }

    [Test]
    public async Task NodesOfOtherClusters_AreNoMembers()
    {
        await using TestNode first = await StartAsync("first");
        await using TestNode other = await StartAsync("other", options => options with { Cluster = "other", Connect = [first.Address] });
        await using TestNode second = await StartAsync("second", options => options with { Connect = [first.Address] });
        await Wait.UntilAsync(() => second.Cluster.ConnectedMembers == 1, "connection");
        Assert.That(first.Cluster.ConnectedMembers, Is.EqualTo(1));
        Assert.That(other.Cluster.ConnectedMembers, Is.Zero);
    }

    [Test]
    public async Task Port_ThatWasAskedForAndIsTaken_IsAnErrorThatSaysWhatToDo()
    {
        using TcpListener taken = new(IPAddress.Any, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using TestNode node = await StartAsync("node", options => options with { Listen = [], Port = port });
        await node.Running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Exception error = node.Running.Exception!.InnerException!;
        Assert.That(error, Is.InstanceOf<IOException>());
        Assert.That(error.Message, Does.Contain($"{port}: the address is in use").And.Contains("--port 0"));
    }

    [Test]
    public async Task Port_WhenTheDefaultIsTaken_IsAFreeOne()
    {
        using TcpListener taken = new(IPAddress.Any, NodeOptions.DefaultPort);
        try
        {
            taken.Start();
        }
        catch (SocketException)
        {
            // Somebody else has it, which serves as well.
        }
        await using TestNode node = await StartAsync("node", options => options with { Listen = [] });
        Assert.That(node.Cluster.Listen, Is.Not.Empty.And.None.Contains($"/ip4/127.0.0.1/tcp/{NodeOptions.DefaultPort}/"));
    }

    private Task<TestNode> StartAsync(string name, Func<NodeOptions, NodeOptions>? change = null) =>
        TestNode.StartAsync(_directory, name, change);

    private string NewKey(string name)
    {
        string path = _directory.File(name);
        ClusterKeyFile.Write(path, PreSharedKey.Generate());
        return path;
    }
}
