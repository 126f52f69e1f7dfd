using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Upkeep;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Dht.Simulation;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Upkeep;

/// <summary>What nodes do by themselves as time goes by.</summary>
public sealed class UpkeepTests
{
    private ManualTime _time = null!;
    private SimulatedNetwork _network = null!;
    private string _folder = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _network = new SimulatedNetwork(_time, seed: 5);
        _folder = Directory.CreateTempSubdirectory("dht").FullName;
    }

    [TearDown]
    public async Task TearDown()
    {
        foreach (SimulatedPeer peer in _network.Peers.ToArray())
            await peer.Node.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task FirstContact_IsFollowedByALookupOfOurselves_WithinASecond()
    {
        List<SimulatedPeer> others = await _network.JoinAsync(30);
        SimulatedPeer joining = _network.Add();
        joining.Node.Start();
        await _time.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.That(joining.Node.Table.Count, Is.Zero);

        joining.Connect(others[0]);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));

        await Wait.UntilAsync(() => joining.Node.Table.Count >= 25, "table filled");
    }

    [Test]
    public async Task Table_IsRefreshedAtIntervals()
    {
        List<SimulatedPeer> others = await _network.JoinAsync(5);
        others[0].Node.Start();
        int rounds = 0;
        others[0].Node.Refresher.Refreshed += () => Interlocked.Increment(ref rounds);
        double[] pauses = [0.5, 60, 600, 600];
        for (int i = 0; i < pauses.Length; i++)
        {
            // The republisher's tick, and the pause that the refresher makes.
            await Wait.UntilAsync(() => _time.PendingTimers == 2, "pause");
            _time.Advance(TimeSpan.FromSeconds(pauses[i]) - TimeSpan.FromMilliseconds(1));
            Assert.That(rounds, Is.EqualTo(i));
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await Wait.UntilAsync(() => rounds == i + 1, $"round {i}");
        }
    }

    [Test]
    public async Task Bootstrap_IsRepeatedWithGrowingPauses_UntilThereIsAContact_AndAgainWhenTheTableIsEmpty()
    {
        SimulatedPeer entry = _network.Add();
        entry.IsUp = false;
        SimulatedPeer joining = _network.Add(new DhtOptions { Bootstrap = [entry.Address.WithPeer(entry.LocalPeer)] });
        joining.Node.Start();
        DateTimeOffset begun = _time.GetUtcNow();
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(10), () => joining.Dials >= 12, "repeated dials");

        // 1 + 2 + 4 + … + 256 s, and then 5 min each.
        Assert.That(_time.GetUtcNow() - begun, Is.GreaterThan(TimeSpan.FromMinutes(15)));

        entry.IsUp = true;
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(30), () => joining.Node.Table.Count == 1, "first contact");
        int tries = joining.Dials;
        await _time.AdvanceAsync(TimeSpan.FromMinutes(20));
        Assert.That(joining.Dials, Is.EqualTo(tries));

        joining.Forget(entry.LocalPeer);
        entry.Forget(joining.LocalPeer);
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => joining.Node.Table.Count == 1, "contact again");
    }

    [Test]
    public async Task RestartedNode_FindsTheNetworkByItsSavedTable()
    {
        DhtOptions options = new() { TableFile = Path.Combine(_folder, "table.json") };
        List<SimulatedPeer> others = await _network.JoinAsync(30);
        SimulatedPeer first = (await _network.JoinAsync(1, options))[0];
        int known = first.Node.Table.Count;
        await first.Node.DisposeAsync();
        _network.Remove(first);
        others[3].IsUp = false;

        SimulatedPeer second = _network.Add(options);
        second.Node.Start();

        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => second.Node.Table.Count >= known - 1, "table restored");
        Assert.That(second.Node.Table.Contains(others[3].LocalPeer), Is.False);
    }

    [Test]
    public async Task NodeThatNeverHadAContact_LeavesTheSavedTableAlone()
    {
        string path = Path.Combine(_folder, "table.json");
        await File.WriteAllTextAsync(path, "precious");
        SimulatedPeer lonely = _network.Add(new DhtOptions { TableFile = path });
        lonely.Node.Start();
        await lonely.Node.DisposeAsync();

        Assert.That(await File.ReadAllTextAsync(path), Is.EqualTo("precious"));
    }

    [Test]
    public async Task FullBucket_LosesAContactThatIsGone_ToOneThatWaits()
    {
        DhtOptions options = new() { BucketSize = 2 };
        SimulatedPeer node = _network.Add(options);
        PeerId[] ids = [.. TestPeers.Sharing(node.LocalPeer, 0).Take(4)];
        SimulatedPeer[] peers = [.. ids.Select(id => _network.Add(options, id))];
        node.Connect(peers[0]);
        node.Connect(peers[1]);
        node.Connect(peers[2]);
        Assert.That(Contacts(node), Is.EqualTo(ids[..2]));

        peers[0].IsUp = false;
        _time.Advance(options.ContactLifetime);
        node.Connect(peers[3]);
        await Wait.UntilAsync(() => !Contacts(node).Contains(ids[0]), "the dead gone");

        Assert.That(Contacts(node), Is.EquivalentTo(new[] { ids[1], ids[3] }));
    }

    [Test]
    public async Task FullBucket_KeepsAnOldContactThatLives()
    {
        DhtOptions options = new() { BucketSize = 1 };
        SimulatedPeer node = _network.Add(options);
        SimulatedPeer[] peers = [.. TestPeers.Sharing(node.LocalPeer, 0).Take(2).Select(id => _network.Add(options, id))];
        node.Connect(peers[0]);
        _time.Advance(options.ContactLifetime);
        node.Connect(peers[1]);
        await Wait.UntilAsync(() => peers[0].Served > 0, "question");

        Assert.That(Contacts(node), Is.EqualTo(new[] { peers[0].LocalPeer }));
        Assert.That(node.Node.Table.Snapshot()[0].LastSeen, Is.EqualTo(_time.GetUtcNow()));
    }

    [Test]
    public async Task ClosestContacts_AreWorthMore()
    {
        List<SimulatedPeer> peers = await _network.JoinAsync(100);
        SimulatedPeer node = peers[50];
        List<PeerId> closest = [.. node.Node.Table.Closest(node.Node.Table.LocalKey, 20).Select(contact => contact.Peer)];

        Assert.That(closest.Where(node.IsConnected).Select(node.ValueOf), Is.All.EqualTo(NeighbourTags.Value));
        Assert.That(peers.Select(peer => peer.LocalPeer).Except(closest).Select(node.ValueOf), Is.All.Zero);
    }

    [TestCase(0)]
    [TestCase(5)]
    [TestCase(12)]
    public void RandomKeys_FallIntoTheBucketWanted(int prefixLength)
    {
        KadKey local = KadKey.Of(TestPeers.Peer(1));
        byte[] key = RandomKeys.In(local, prefixLength, new Random(1));

        Assert.That(KadKey.Of(key).CommonPrefixLength(local), Is.EqualTo(prefixLength));
        Assert.That(PeerId.TryDecode(key, out _), Is.True);
    }

    private static IEnumerable<PeerId> Contacts(SimulatedPeer peer) => peer.Node.Table.Snapshot().Select(contact => contact.Peer);
}
