using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Tests.Dht.Hosts;

/// <summary>The DHT of real hosts over TCP on loopback.</summary>
public sealed class HostDhtTests
{
    private const int Hosts = 10;
    private static readonly Multihash Content = Multihash.Sha256("content"u8);

    private readonly List<Host> _hosts = [];

    [TearDown]
    public async Task TearDown()
    {
        await Task.WhenAll(_hosts.Select(host => host.StopAsync())).InTime();
        _hosts.Clear();
    }

    [Test]
    public async Task HostsThatKnowOnlyOne_FindEachOther_AndWhatTheyProvideAndPublish()
    {
        await StartAllAsync();
        Task<ProvideResult> provide = Dht(2).ProvideAsync(Content);
        Task<PutValueResult> put = Dht(5).PutValueAsync(TestRecords.Key("a"), new byte[] { 1 });
        Assert.That((await provide.InTime()).SentTo, Has.Count.EqualTo(Hosts - 1));
        Assert.That((await put.InTime()).StoredAt, Has.Count.EqualTo(Hosts - 1));

        foreach (Host host in _hosts)
        {
            FindProvidersResult found = await host.Dht!.FindProvidersAsync(Content).InTime();
            Assert.That(found.Providers.Single().Peer, Is.EqualTo(_hosts[2].Id));
            GetValueResult got = await host.Dht.GetValueAsync(TestRecords.Key("a")).InTime();
            Assert.That(got.Value!.Value.ToArray(), Is.EqualTo(new byte[] { 1 }));
            Assert.That(found.Stats.Errors.Concat(got.Stats.Errors), Is.Empty);
        }
        FindPeerResult peer = await Dht(7).FindPeerAsync(_hosts[9].Id, useCache: false).InTime();
        Assert.That(peer.Found!.Addresses, Is.EqualTo(_hosts[9].Network.ListenAddresses));
    }

    [Test]
    public async Task HostThatBecomesClient_LeavesAllTables_AndComesBackAsServer()
    {
        await StartAllAsync();
        foreach ((DhtMode mode, int tables) in new[] { (DhtMode.Client, 0), (DhtMode.Server, Hosts - 1) })
        {
            await Dht(4).SetModeAsync(mode);
            await Wait.UntilAsync(() => _hosts.Count(host => host.Dht!.RoutingTable.Contains(_hosts[4].Id)) == tables, $"in {tables} tables");
            Assert.That(_hosts[4].Network.Protocols.Contains(DhtOptions.DefaultProtocol), Is.EqualTo(mode == DhtMode.Server));
        }
    }

    [Test]
    public async Task HostsThatDie_AreForgotten_AndTheOthersGoOn()
    {
        await StartAllAsync();
        await Dht(3).ProvideAsync(Content).InTime();
        await Task.WhenAll(_hosts.Skip(7).Select(host => host.StopAsync())).InTime();

        foreach (Host host in _hosts.Take(7))
        {
            FindProvidersResult found = await host.Dht!.FindProvidersAsync(Content).InTime();
            Assert.That(found.Providers.Single().Peer, Is.EqualTo(_hosts[3].Id));
        }
    }

    private KademliaDht Dht(int number) => _hosts[number].Dht!;

    /// <summary>Hosts that are told the address of the first, when all tables are full.</summary>
    private async Task StartAllAsync()
    {
        for (int i = 0; i < Hosts; i++)
            _hosts.Add(await StartAsync(i == 0 ? [] : [_hosts[0].Addresses[0]]));
        await Wait.UntilAsync(() => _hosts.TrueForAll(host => host.Dht!.RoutingTable.Count == Hosts - 1), "full tables");
    }

    private static async Task<Host> StartAsync(Multiaddr[] bootstrap) => await Host.StartAsync(
        new HostOptions
        {
            Key = Ed25519KeyPair.Generate(),
            Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
            Dht = new DhtOptions { Bootstrap = bootstrap, AddressScope = IpScope.Loopback, Validators = TestRecords.Namespaces },
        },
        NullLoggerFactory.Instance).InTime();
}
