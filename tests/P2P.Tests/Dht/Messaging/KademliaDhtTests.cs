using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Messaging;

/// <summary>The DHT over streams, as a host runs it.</summary>
public sealed class KademliaDhtTests
{
    private static readonly Multihash Content = Multihash.Sha256("content"u8);

    private ManualTime _time = null!;
    private TestSwarm _swarm = null!;
    private List<KademliaDht> _dhts = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _swarm = new TestSwarm(_time);
        _dhts = [];
    }

    [TearDown]
    public async Task TearDown()
    {
        foreach (KademliaDht dht in _dhts)
            await dht.DisposeAsync();
        Assert.That(_swarm.Failures, Is.Empty);
    }

    [Test]
    public async Task ConnectedServers_KnowEachOther_AndClientsKnowServersOnly()
    {
        (TestNetwork a, KademliaDht server) = await AddAsync();
        (TestNetwork b, KademliaDht other) = await AddAsync();
        (TestNetwork c, KademliaDht client) = await AddAsync(DhtMode.Client);
        a.Connect(b);
        c.Connect(a);

        await Wait.UntilAsync(() => client.RoutingTable.Count == 1 && server.RoutingTable.Count == 1 && other.RoutingTable.Count == 1, "contacts");
        Assert.That(server.RoutingTable, Is.EqualTo(new[] { b.LocalPeer }));
        Assert.That(client.RoutingTable, Is.EqualTo(new[] { a.LocalPeer }));
        Assert.That(a.Protocols, Has.Member(DhtOptions.DefaultProtocol));
        Assert.That(c.Protocols, Has.No.Member(DhtOptions.DefaultProtocol));
    }

    [Test]
    public async Task ModeSwitchedAtRunTime_IsSeenByOthers()
    {
        (TestNetwork a, KademliaDht switching) = await AddAsync();
        (TestNetwork b, KademliaDht other) = await AddAsync();
        a.Connect(b);
        await Wait.UntilAsync(() => other.RoutingTable.Count == 1, "contact");
        foreach ((DhtMode mode, int seen) in new[] { (DhtMode.Client, 0), (DhtMode.Server, 1), (DhtMode.Off, 0), (DhtMode.Server, 1), (DhtMode.Client, 0) })
        {
            await switching.SetModeAsync(mode);
            await Wait.UntilAsync(() => other.RoutingTable.Count == seen, $"table of {seen} after {mode}");
            Assert.That(switching.Mode, Is.EqualTo(mode));
            Assert.That(switching.RoutingTable.Count, Is.EqualTo(mode == DhtMode.Off ? 0 : 1));
        }
    }

    [Test]
    public async Task TurnedOff_NothingIsAsked()
    {
        (_, KademliaDht dht) = await AddAsync(DhtMode.Off);

        Assert.That(() => dht.GetClosestPeersAsync(new byte[] { 1 }), Throws.InvalidOperationException);
        Assert.That(() => dht.ProvideAsync(Content), Throws.InvalidOperationException);
        Assert.That(dht.StopProviding(Content), Is.False);
        Assert.That(dht.RoutingTable, Is.Empty);
    }

    [Test]
    public async Task ProvidersAndValues_AreFoundOverStreams_AndWithdrawn()
    {
        (TestNetwork[] networks, KademliaDht[] dhts) = await StarAsync(6);
        ProvideResult provided = await dhts[1].ProvideAsync(Content).InTime();
        PutValueResult put = await dhts[2].PutValueAsync(TestRecords.Key("a"), new byte[] { 7 }).InTime();

        Assert.That(provided.SentTo, Has.Count.EqualTo(5));
        Assert.That(provided.Stats.Errors, Is.Empty);
        Assert.That(put.StoredAt, Has.Count.EqualTo(5));
        foreach (KademliaDht dht in dhts)
        {
            FindProvidersResult found = await dht.FindProvidersAsync(Content).InTime();
            Assert.That(found.Providers.Single().Peer, Is.EqualTo(networks[1].LocalPeer));
            Assert.That(found.Providers.Single().Addresses, Is.EqualTo(new[] { networks[1].Address }));
            GetValueResult got = await dht.GetValueAsync(TestRecords.Key("a")).InTime();
            Assert.That(got.Value!.Value.ToArray(), Is.EqualTo(new byte[] { 7 }));
        }
        Assert.That(dhts[1].StopProviding(Content), Is.True);
        Assert.That(dhts[2].StopPublishing(TestRecords.Key("a")), Is.True);
        Assert.That(dhts[2].StopPublishing(TestRecords.Key("a")), Is.False);
    }

    [Test]
    public async Task ProviderStream_GivesProvidersOneByOne()
    {
        (TestNetwork[] networks, KademliaDht[] dhts) = await StarAsync(5);
        foreach (KademliaDht dht in dhts[1..])
            await dht.ProvideAsync(Content).InTime();
        List<PeerId> all = [];
        await foreach (DhtPeer provider in dhts[0].StreamProvidersAsync(Content))
            all.Add(provider.Peer);
        await foreach (DhtPeer provider in dhts[0].StreamProvidersAsync(Content))
            break;

        Assert.That(all, Is.EquivalentTo(networks[1..].Select(network => network.LocalPeer)));
    }

    [Test]
    public async Task RefusedValue_IsReportedPerPeer()
    {
        (TestNetwork[] _, KademliaDht[] dhts) = await StarAsync(3);
        (TestNetwork stranger, KademliaDht other) = await AddAsync(validators: new Dictionary<string, IRecordValidator> { ["other"] = new TestRecords() });
        stranger.Connect(_swarm.Networks[0]);
        await Wait.UntilAsync(() => other.RoutingTable.Count == 1, "contact");

        PutValueResult result = await other.PutValueAsync("/other/a"u8.ToArray(), new byte[] { 1 }).InTime();

        Assert.That(result.StoredAt, Is.Empty);
        Assert.That(result.Stats.Errors, Has.Count.EqualTo(3).And.All.Property(nameof(DhtError.Error)).Contains("StreamReset"));
        Assert.That(dhts.Select(dht => dht.StoredRecords), Is.All.Zero);
    }

    [Test]
    public async Task QueryOfALonelyNode_WaitsALittle_AndGivesWhatThereIs()
    {
        (_, KademliaDht dht) = await AddAsync();
        Task<PutValueResult> put = dht.PutValueAsync(TestRecords.Key("a"), new byte[] { 7 });
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => put.IsCompleted, "end");
        Task<GetValueResult> get = dht.GetValueAsync(TestRecords.Key("a"));
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => get.IsCompleted, "end");

        Assert.That((await put).StoredAt, Is.Empty);
        Assert.That((await put).Stats.Ended, Is.Null);
        Assert.That((await get).Value!.Value.ToArray(), Is.EqualTo(new byte[] { 7 }));
    }

    [Test]
    public async Task QueryBeforeTheFirstContact_WaitsForIt()
    {
        (TestNetwork a, KademliaDht dht) = await AddAsync();
        (TestNetwork b, _) = await AddAsync();
        Task<ProvideResult> provide = dht.ProvideAsync(Content);
        a.Connect(b);

        Assert.That((await provide.InTime()).SentTo, Is.EqualTo(new[] { b.LocalPeer }));
    }

    [Test]
    public async Task ManyQueriesAtOnce_ShareFewStreams()
    {
        (TestNetwork[] networks, KademliaDht[] dhts) = await StarAsync(3);
        Task<ClosestPeersResult>[] queries = [.. Enumerable.Range(0, 200).Select(i => dhts[0].GetClosestPeersAsync(BitConverter.GetBytes(i)))];
        foreach (Task<ClosestPeersResult> query in queries)
        {
            ClosestPeersResult result = await query.InTime();
            Assert.That(result.Peers, Has.Count.EqualTo(2));
            Assert.That(result.Stats.Errors, Is.Empty);
        }
        Assert.That(networks[0].Connections.Select(connection => connection.StreamCount), Is.All.LessThanOrEqualTo(2 * new DhtOptions().OutboundStreams));

        await Wait.UntilAsync(
            _time, TimeSpan.FromSeconds(1), () => networks.All(network => network.Connections.All(connection => connection.StreamCount == 0)), "end of idle streams");
    }

    [Test]
    public async Task ConnectionsToTheClosest_AreValued_AndOthersAreNot()
    {
        (TestNetwork[] networks, KademliaDht[] dhts) = await StarAsync(3);
        Assert.That(networks[0].ValueOf(networks[1].LocalPeer, "kad"), Is.GreaterThan(0));
        await dhts[1].SetModeAsync(DhtMode.Client);
        await Wait.UntilAsync(() => networks[0].ValueOf(networks[1].LocalPeer, "kad") == 0, "value taken away");
    }

    [Test]
    public async Task HostWithoutAddress_CannotProvide()
    {
        TestNetwork network = _swarm.Add("/ip4/8.8.8.8/tcp/1");
        KademliaDht dht = new(network, new DhtOptions { AddressScope = P2PMiner.P2P.Transport.IpScope.Loopback }, new Random(1), null);
        _dhts.Add(dht);
        await dht.StartAsync();

        Assert.That(() => dht.ProvideAsync(Content), Throws.InvalidOperationException);
    }

    [Test]
    public async Task ProviderRecord_NamesEveryAddressThatIsAnnounced_AlsoThoseThatBecameKnownLater()
    {
        (_, KademliaDht other) = await AddAsync();
        TestNetwork network = _swarm.Add();
        List<Multiaddr> announced = [network.Address];
        KademliaDht dht = new(network, new DhtOptions(), new Random(1), null, () => announced);
        _dhts.Add(dht);
        await dht.StartAsync();
        network.Connect(_swarm.Networks[0]);
        await Wait.UntilAsync(() => other.RoutingTable.Count == 1 && dht.RoutingTable.Count == 1, "contact");
        Multiaddr observed = Multiaddr.Parse("/ip4/8.8.8.8/tcp/1");
        announced.Add(observed);

        await dht.ProvideAsync(Content).InTime();

        FindProvidersResult found = await other.FindProvidersAsync(Content).InTime();
        Assert.That(found.Providers.Single().Addresses, Is.EquivalentTo(new[] { network.Address, observed }));
    }

    [Test]
    public async Task AddressesBeyondTheScope_AreNeitherBelievedNorServed()
    {
        (TestNetwork a, KademliaDht loopback) = await AddAsync(scope: P2PMiner.P2P.Transport.IpScope.Loopback);
        (TestNetwork b, KademliaDht asking) = await AddAsync();
        a.Connect(b);
        await Wait.UntilAsync(() => asking.RoutingTable.Count == 1, "contact");
        a.Peers.AddAddresses(TestPeers.Peer(1), [Multiaddr.Parse("/ip4/8.8.8.8/tcp/1"), Multiaddr.Parse("/dns4/example.org/tcp/1")], TimeSpan.FromHours(1));

        FindPeerResult found = await asking.FindPeerAsync(TestPeers.Peer(1), useCache: false).InTime();
        a.Peers.AddAddresses(TestPeers.Peer(1), [Multiaddr.Parse("/ip4/127.0.0.1/tcp/1")], TimeSpan.FromHours(1));
        FindPeerResult again = await asking.FindPeerAsync(TestPeers.Peer(1), useCache: false).InTime();

        Assert.That(found.Found, Is.Null);
        Assert.That(again.Found!.Addresses.Single().ToString(), Is.EqualTo("/ip4/127.0.0.1/tcp/1"));
        Assert.That(loopback.RoutingTable, Has.Count.EqualTo(1));
    }

    private async Task<(TestNetwork Network, KademliaDht Dht)> AddAsync(
        DhtMode mode = DhtMode.Server,
        IReadOnlyDictionary<string, IRecordValidator>? validators = null,
        P2PMiner.P2P.Transport.IpScope scope = P2PMiner.P2P.Transport.IpScope.Public)
    {
        TestNetwork network = _swarm.Add();
        DhtOptions options = new() { Mode = mode, Validators = validators ?? TestRecords.Namespaces, AddressScope = scope };
        KademliaDht dht = new(network, options, new Random(_dhts.Count), null);
        _dhts.Add(dht);
        await dht.StartAsync();
        return (network, dht);
    }

    /// <summary>Servers that are all connected to the first.</summary>
    private async Task<(TestNetwork[] Networks, KademliaDht[] Dhts)> StarAsync(int count)
    {
        List<(TestNetwork Network, KademliaDht Dht)> all = [];
        for (int i = 0; i < count; i++)
        {
            all.Add(await AddAsync());
            if (i > 0)
                all[i].Network.Connect(all[0].Network);
        }
        await Wait.UntilAsync(() => all[0].Dht.RoutingTable.Count == count - 1 && all.TrueForAll(one => one.Dht.RoutingTable.Count > 0), "contacts");
        return ([.. all.Select(one => one.Network)], [.. all.Select(one => one.Dht)]);
    }
}
