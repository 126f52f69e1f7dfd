using System.Text;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>Pubsub and DHT on real hosts.</summary>
public sealed class HostServicesTests
{
    private TestHosts _hosts = null!;

    [SetUp]
    public void SetUp() => _hosts = new TestHosts();

    [TearDown]
    public ValueTask TearDown() => _hosts.DisposeAsync();

    [Test]
    public async Task PubSub_DeliversOverRealConnections()
    {
        Host[] hosts = await _hosts.StartAsync(3, static options => options with { PubSub = new PubSubOptions() });
        List<string>[] received = [[], [], []];
        for (int i = 0; i < hosts.Length; i++)
        {
            List<string> mine = received[i];
            hosts[i].PubSub!.Subscribe("news", message =>
            {
                lock (mine)
                    mine.Add(Encoding.UTF8.GetString(message.Data.Span));
            });
        }
        await TestHosts.ConnectAsync(hosts[0], hosts[1]);
        await TestHosts.ConnectAsync(hosts[1], hosts[2]);
        await Wait.UntilAsync(() => hosts[0].PubSub!.MeshPeers("news").Count == 1 && hosts[2].PubSub!.MeshPeers("news").Count == 1, "mesh");

        await hosts[0].PubSub!.PublishAsync("news", "hello"u8.ToArray()).InTime();
        await Wait.UntilAsync(() => received[2].Count == 1, "message");

        Assert.That(received.Select(list => list.Count), Is.EqualTo(new[] { 0, 1, 1 }));
    }

    [Test]
    public async Task Dht_FindsAProviderOverRealConnections()
    {
        Host[] hosts = await _hosts.StartAsync(4, static options => options with
        {
            Dht = new DhtOptions { Mode = DhtMode.Server, AddressScope = IpScope.Loopback },
        });
        foreach (Host host in hosts[1..])
            await TestHosts.ConnectAsync(host, hosts[0]);
        await Wait.UntilAsync(() => hosts[0].Dht!.RoutingTable.Count == 3 && hosts[1..].All(host => host.Dht!.RoutingTable.Count > 0), "tables");
        Multihash key = Multihash.Sha256("thing"u8);

        await hosts[1].Dht!.ProvideAsync(key).InTime();
        FindProvidersResult found = await hosts[3].Dht!.FindProvidersAsync(key).InTime();

        Assert.That(found.Providers.Select(provider => provider.Peer), Does.Contain(hosts[1].Id));
    }
}
