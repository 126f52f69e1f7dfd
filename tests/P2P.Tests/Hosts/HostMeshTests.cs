using System.Collections.Concurrent;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>Fifty whole hosts in one process, connected over memory, on the test's clock.</summary>
public sealed class HostMeshTests
{
    private const string Topic = "news";
    private const int Hosts = 50;
    private const int Dials = 5;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <summary>Two minutes: far more than the mesh needs to repair itself.</summary>
    private const int MaxSteps = 1200;

    private ManualTime _time = null!;
    private MemoryTransport _transport = null!;
    private TestHosts _hosts = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _transport = new MemoryTransport(_time);
        _hosts = new TestHosts();
    }

    [TearDown]
    public async Task TearDown()
    {
        _transport.BreakAll();
        await _hosts.DisposeAsync();
    }

    [Test]
    public async Task Mesh_OfFiftyHostsDeliversEveryMessageToEveryone()
    {
        Node[] nodes = await BuildMeshAsync(new Random(1));

        Dictionary<byte, Node> sent = await PublishAsync(nodes, new Random(2), count: 100, first: 0);

        await WaitForAllAsync(nodes, sent);
        Assert.That(nodes.Select(static node => node.Received.Count), Is.EqualTo(nodes.Select(node => sent.Values.Count(sender => sender != node))),
            "nothing is delivered twice, nor to its publisher");
        Assert.That(nodes.Select(static node => node.PubSub.MeshPeers(Topic).Count), Is.All.InRange(4, 12));
    }

    [Test]
    public async Task Mesh_OfFiftyHostsDeliversEveryMessageToTheSurvivorsWhileAThirdIsKilled()
    {
        Random random = new(3);
        Node[] nodes = await BuildMeshAsync(random);
        random.Shuffle(nodes);
        Node[] survivors = nodes[(Hosts / 3)..];
        Dictionary<byte, Node> sent = [];

        foreach (Node victim in nodes[..(Hosts / 3)])
        {
            foreach ((byte number, Node sender) in await PublishAsync(survivors, random, count: 4, first: sent.Count, pause: false))
                sent.Add(number, sender);
            _transport.Break(victim.Host.Network.ListenAddresses[0]);
            _transport.Refuses = address => address.Equals(victim.Host.Network.ListenAddresses[0]);
            Task stop = victim.Host.StopAsync();
            await UntilAsync(() => stop.IsCompleted, "end of a victim");
        }

        await WaitForAllAsync(survivors, sent);
        HashSet<PeerId> dead = [.. nodes[..(Hosts / 3)].Select(static node => node.Host.Id)];
        Assert.That(survivors.SelectMany(static node => node.Host.Network.Connections).Where(connection => dead.Contains(connection.RemotePeer)), Is.Empty);
    }

    private async Task<Node[]> BuildMeshAsync(Random random)
    {
        Node[] nodes = new Node[Hosts];
        for (int i = 0; i < Hosts; i++)
            nodes[i] = new Node(await StartAsync(i));
        await Task.WhenAll(Enumerable.Range(0, Hosts).SelectMany(i => Enumerable.Range(0, Dials).Select(dial =>
            TestHosts.ConnectAsync(nodes[i].Host, nodes[(i + 1 + (dial == 0 ? 0 : random.Next(Hosts - 1))) % Hosts].Host)))).InTime();
        await StepAsync();
        await UntilAsync(() => nodes.All(static node => node.PubSub.Subscribers(Topic).Count == Peers(node)), "subscriptions");
        for (int i = 0; i < 30; i++)
            await StepAsync();
        return nodes;
    }

    private static int Peers(Node node) => node.Host.Network.Connections.Select(static connection => connection.RemotePeer).Distinct().Count();

    /// <summary>Only the mesh and gossip carry messages, as flooding would hide their failures.</summary>
    private async Task<Host> StartAsync(int number)
    {
        var place = Multiaddr.Parse($"/ip4/10.0.0.{number + 1}/tcp/4001");
        return await _hosts.StartAsync(options => options with
        {
            Time = _time,
            Transports = [_transport.At(place)],
            Listen = [place],
            PubSub = new PubSubOptions { FloodPublish = false },
        });
    }

    /// <returns>Who published which number.</returns>
    private async Task<Dictionary<byte, Node>> PublishAsync(Node[] nodes, Random random, int count, int first, bool pause = true)
    {
        Dictionary<byte, Node> sent = [];
        for (int i = 0; i < count; i++)
        {
            Node node = nodes[random.Next(nodes.Length)];
            byte number = (byte)(first + i);
            await node.PubSub.PublishAsync(Topic, new[] { number });
            sent.Add(number, node);
        }
        if (pause)
            await StepAsync();
        return sent;
    }

    /// <summary>Everyone gets everything, but not what it published itself.</summary>
    private Task WaitForAllAsync(Node[] nodes, Dictionary<byte, Node> sent) => UntilAsync(
        () => nodes.All(node => sent.All(message => message.Value == node || node.Received.Contains(message.Key))),
        "all messages everywhere");

    private async Task UntilAsync(Func<bool> condition, string what)
    {
        for (int steps = 0; !condition(); steps++)
        {
            Assert.That(steps, Is.LessThan(MaxSteps), $"no {what}");
            await StepAsync();
        }
    }

    private async Task StepAsync()
    {
        _time.Advance(Step);
        await ManualTime.SettleAsync();
    }

    private sealed class Node
    {
        internal Node(Host host)
        {
            Host = host;
            PubSub.Subscribe(Topic, message => Received.Enqueue(message.Data.Span[0]));
        }

        internal Host Host { get; }

        internal GossipSub PubSub => Host.PubSub!;

        internal ConcurrentQueue<byte> Received { get; } = new();
    }
}
