using System.Buffers.Binary;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>Hosts that dial each other at the same moment and keep long-lived streams come down to one connection, and lose nothing on the way.</summary>
public sealed class SimultaneousDialTests
{
    private const string Topic = "news";

    private TestHosts _hosts = null!;

    [SetUp]
    public void SetUp() => _hosts = new TestHosts();

    [TearDown]
    public ValueTask TearDown() => _hosts.DisposeAsync();

    [Test]
    public async Task EveryPair_EndsInOneConnectionThatAllUse()
    {
        Host[] hosts = await StartAsync(6);
        Received[] received = [.. hosts.Select(static host => new Received(host))];

        await Task.WhenAll(hosts.SelectMany(from => hosts.Where(to => to != from).Select(to => TestHosts.ConnectAsync(from, to)))).InTime();

        await Wait.UntilAsync(() => hosts.All(host => host.Network.Connections.Count == hosts.Length - 1), "single connections");
        await Wait.UntilAsync(() => hosts.All(host => host.PubSub!.Subscribers(Topic).Count == hosts.Length - 1), "subscriptions");
        await Wait.UntilAsync(() => hosts.All(static host => host.PubSub!.MeshPeers(Topic).Count > 0), "mesh");
        for (int i = 0; i < hosts.Length; i++)
            await hosts[i].PubSub!.PublishAsync(Topic, Message(i)).InTime();
        await Wait.UntilAsync(() => received.All(list => list.Count == hosts.Length - 1), "messages");
        Assert.That(hosts.Select(host => host.Network.Connections.Select(static connection => connection.RemotePeer).Distinct().Count()),
            Has.All.EqualTo(hosts.Length - 1));
        foreach (Host host in hosts)
            Assert.That(host.Network.Connections.Select(connection => Partner(hosts, host, connection)), Has.All.Not.Null, "both ends keep the same one");
    }

    [Test]
    [Repeat(3)]
    public async Task MessagesOnTheWay_AllArriveWhileStreamsMove()
    {
        Host[] hosts = await StartAsync(2);
        Received[] received = [.. hosts.Select(static host => new Received(host))];
        (Host smaller, Host larger) = hosts[0].Id.Bytes.SequenceCompareTo(hosts[1].Id.Bytes) < 0 ? (hosts[0], hosts[1]) : (hosts[1], hosts[0]);
        IPeerConnection first = await TestHosts.ConnectAsync(larger, smaller);
        await Wait.UntilAsync(() => hosts.All(static host => host.PubSub!.MeshPeers(Topic).Count == 1), "mesh");
        // Without the peer id it is not known that there is a connection already. The one that the smaller id dialled is kept.
        IPeerConnection second = await smaller.DialAsync(larger.Addresses[0].WithoutPeer()).InTime();

        int sent = 0;
        await Wait.UntilAsync(
            () =>
            {
                foreach (Host host in hosts)
                    Assert.That(host.PubSub!.PublishAsync(Topic, Message(sent)).AsTask().IsFaulted, Is.False);
                sent++;
                return hosts.All(static host => host.Network.Connections.Count == 1);
            },
            "single connection");

        await Wait.UntilAsync(() => received.All(list => list.Count == sent), "all messages");
        Assert.That(hosts.Select(static host => host.PubSub!.MeshPeers(Topic).Count), Has.All.EqualTo(1));
        Assert.That(first.Closed.IsCancellationRequested, Is.True);
        Assert.That(second.Closed.IsCancellationRequested, Is.False);
    }

    private static byte[] Message(int number)
    {
        byte[] message = new byte[1000];
        BinaryPrimitives.WriteInt32BigEndian(message, number);
        return message;
    }

    private static IPeerConnection? Partner(Host[] hosts, Host host, IPeerConnection connection) =>
        hosts.Single(other => other.Id.Equals(connection.RemotePeer)).Network.Connections
            .SingleOrDefault(other => other.RemotePeer.Equals(host.Id) && other.RemoteAddress.Equals(connection.LocalAddress));

    private Task<Host[]> StartAsync(int count) => _hosts.StartAsync(count, static options => options with
    {
        Limits = new ConnectionLimits { SurplusGrace = TimeSpan.FromMilliseconds(200) },
        // Without lazy gossip nothing that is lost comes back.
        PubSub = new PubSubOptions { Gossip = new GossipOptions { DLazy = 0, Factor = 0 } },
        Dht = new DhtOptions { Mode = DhtMode.Server, AddressScope = IpScope.Loopback },
    });

    /// <summary>The numbers of the messages that a host got.</summary>
    private sealed class Received
    {
        private readonly List<int> _numbers = [];

        internal Received(Host host)
        {
            host.PubSub!.Subscribe(Topic, message =>
            {
                lock (_numbers)
                    _numbers.Add(BinaryPrimitives.ReadInt32BigEndian(message.Data.Span));
            });
        }

        internal int Count
        {
            get
            {
                lock (_numbers)
                    return _numbers.Count;
            }
        }
    }
}
