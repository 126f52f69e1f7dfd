using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Simulation;

/// <summary>Lookups in networks in which some nodes lie, are silent, or are gone.</summary>
public sealed class HostileSimulationTests
{
    private static readonly DhtOptions Options = new() { Validators = TestRecords.Namespaces, RequestTimeout = TimeSpan.FromSeconds(5) };

    private ManualTime _time = null!;
    private SimulatedNetwork _network = null!;
    private List<SimulatedPeer> _peers = null!;

    [SetUp]
    public async Task SetUp()
    {
        _time = new ManualTime();
        _network = new SimulatedNetwork(_time, seed: 11);
        _peers = await _network.JoinAsync(120, Options);
    }

    [Test]
    public async Task InventedPeers_DoNotKeepALookupFromTheTrueClosest()
    {
        foreach (SimulatedPeer liar in _peers.Where((_, i) => i % 5 == 0))
            liar.Lie = (_, request) => new DhtMessage(request.Type, request.Key) { CloserPeers = Invented(24) };

        for (int i = 0; i < 10; i++)
        {
            SimulatedPeer asking = Honest();
            byte[] key = _network.RandomKey();
            ClosestPeersResult result = await asking.Node.Peers.GetClosestAsync(key, null, CancellationToken.None);
            List<PeerId> expected = _network.TrueClosest(key, 20, asking.LocalPeer);
            Assert.That(result.Peers.Intersect(expected).Count(), Is.GreaterThanOrEqualTo(18));
            Assert.That(result.Stats.Asked, Is.LessThan(400));
        }
    }

    [Test]
    public async Task DisjointPaths_ReachValues_ThatColludersHideFromASinglePath()
    {
        DhtOptions small = Options with { BucketSize = 5, Concurrency = 5 };
        _network = new SimulatedNetwork(_time, seed: 12);
        _peers = await _network.JoinAsync(200, small);
        SimulatedPeer[] liars = [.. _peers.Where((_, i) => i % 5 < 2)];
        SimulatedPeer onePath = (await _network.JoinAsync(1, small with { DisjointPaths = 1 }))[0];
        SimulatedPeer fivePaths = (await _network.JoinAsync(1, small))[0];
        (int one, int five) = (0, 0);
        const int Values = 20;
        for (int i = 0; i < Values; i++)
        {
            byte[] key = TestRecords.Key($"hidden {i}");
            await Honest().Node.Values.PutAsync(key, new byte[] { 1 }, null, CancellationToken.None);
            List<SimulatedPeer> sybils = SybilsNear(key, 20);
            foreach (SimulatedPeer colluder in liars.Concat(sybils))
                colluder.Lie = (_, request) => new DhtMessage(request.Type, request.Key) { CloserPeers = [.. sybils.Select(Described)] };

            one += await FindsAsync(onePath, key) ? 1 : 0;
            five += await FindsAsync(fivePaths, key) ? 1 : 0;

            foreach (SimulatedPeer liar in liars)
                liar.Lie = null;
            sybils.ForEach(Vanish);
        }
        TestContext.Out.WriteLine($"found on one path {one}, on five {five}, of {Values}");
        Assert.That(five, Is.GreaterThanOrEqualTo(Values * 8 / 10));
        Assert.That(one, Is.LessThan(five - (Values / 4)));
    }

    [Test]
    public async Task SilentPeers_DelayALookup_ButDoNotHoldIt()
    {
        foreach (SimulatedPeer mute in _peers.Where((_, i) => i % 4 == 0))
            mute.IsMute = true;
        SimulatedPeer asking = Honest();
        byte[] key = _network.RandomKey();
        DateTimeOffset begun = _time.GetUtcNow();

        Task<ClosestPeersResult> lookup = asking.Node.Peers.GetClosestAsync(key, null, CancellationToken.None);
        await Wait.UntilAsync(_time, TimeSpan.FromMilliseconds(500), () => lookup.IsCompleted, "end of the lookup");
        ClosestPeersResult result = await lookup;

        IEnumerable<PeerId> expected = _network.TrueClosest(key, 40, asking.LocalPeer).Where(peer => !_network.Find(peer)!.IsMute).Take(20);
        // The closest all name the same twenty, of which a quarter is silent.
        Assert.That(result.Peers.Intersect(expected).Count(), Is.GreaterThanOrEqualTo(15));
        Assert.That(result.Peers.Take(10), Is.EqualTo(expected.Take(10)));
        Assert.That(result.Stats.Ended, Is.Null);
        Assert.That(result.Stats.Errors, Is.Not.Empty.And.All.Property(nameof(DhtError.Error)).Contains("Timeout"));
        Assert.That(_time.GetUtcNow() - begun, Is.LessThan(TimeSpan.FromSeconds(30)));
    }

    [Test]
    public async Task OneWhoInventsSilentPeers_CannotHoldALookup()
    {
        SimulatedPeer[] silent = [.. Enumerable.Range(0, 200).Select(_ => _network.Add(Options))];
        foreach (SimulatedPeer mute in silent)
            mute.IsMute = true;
        byte[] key = _network.RandomKey();
        SimulatedPeer asking = Honest();
        PeerId closest = asking.Node.Table.Closest(KadKey.Of(key), 1)[0].Peer;
        DhtPeer[] named = [.. silent.OrderBy(peer => KadKey.Of(peer.LocalPeer).DistanceTo(KadKey.Of(key))).Take(24).Select(Described)];
        _network.Find(closest)!.Lie = (_, request) => new DhtMessage(request.Type, request.Key) { CloserPeers = named };
        DateTimeOffset begun = _time.GetUtcNow();

        Task<ClosestPeersResult> lookup = asking.Node.Peers.GetClosestAsync(key, null, CancellationToken.None);
        await Wait.UntilAsync(_time, TimeSpan.FromMilliseconds(500), () => lookup.IsCompleted, "end of the lookup");

        List<PeerId> expected = [.. _network.TrueClosest(key, 220, asking.LocalPeer).Where(peer => !_network.Find(peer)!.IsMute).Take(20)];
        Assert.That((await lookup).Peers.Intersect(expected).Count(), Is.GreaterThanOrEqualTo(19));
        Assert.That(_time.GetUtcNow() - begun, Is.LessThan(TimeSpan.FromSeconds(20)));
    }

    [Test]
    public async Task TimeLimit_EndsAQueryWithWhatItHas()
    {
        foreach (SimulatedPeer mute in _peers.Where((_, i) => i % 2 == 0))
            mute.IsMute = true;
        SimulatedPeer asking = Honest();
        Task<ClosestPeersResult> lookup = asking.Node.Peers.GetClosestAsync(
            _network.RandomKey(), new DhtQueryOptions { Timeout = TimeSpan.FromSeconds(2) }, CancellationToken.None);
        await Wait.UntilAsync(_time, TimeSpan.FromMilliseconds(100), () => lookup.IsCompleted, "end of the lookup");

        ClosestPeersResult result = await lookup;
        Assert.That(result.Stats.Ended, Is.EqualTo("timeout"));
        Assert.That(result.Peers, Is.Not.Empty);
    }

    [Test]
    public async Task Cancellation_EndsAQueryWithWhatItHas()
    {
        foreach (SimulatedPeer mute in _peers.Where((_, i) => i % 2 == 0))
            mute.IsMute = true;
        using CancellationTokenSource cancellation = new();
        Task<ClosestPeersResult> lookup = Honest().Node.Peers.GetClosestAsync(_network.RandomKey(), null, cancellation.Token);
        await ManualTime.SettleAsync();
        await cancellation.CancelAsync();

        ClosestPeersResult result = await lookup.InTime();
        Assert.That(result.Stats.Ended, Is.EqualTo("cancelled"));
        Assert.That(result.Peers, Is.Not.Empty);
    }

    [Test]
    public async Task StoringQuery_KeepsTimeForStoring()
    {
        foreach (SimulatedPeer mute in _peers.Where((_, i) => i % 2 == 0))
            mute.IsMute = true;
        Task<PutValueResult> put = Honest().Node.Values.PutAsync(
            TestRecords.Key("late"), new byte[] { 1 }, new DhtQueryOptions { Timeout = TimeSpan.FromSeconds(4) }, CancellationToken.None);
        await Wait.UntilAsync(_time, TimeSpan.FromMilliseconds(100), () => put.IsCompleted, "end of the query");

        Assert.That((await put).StoredAt, Is.Not.Empty);
    }

    [Test]
    public async Task NetworkThatLosesAThird_FindsWhatIsLeft_AndForgetsTheDead()
    {
        byte[] content = _network.RandomKey();
        await _peers[1].Node.ProviderQueries.AnnounceAsync(content, null, CancellationToken.None);
        foreach (SimulatedPeer dead in _peers.Where((_, i) => i % 3 == 0))
            _network.Remove(dead);
        _peers.RemoveAll(peer => !peer.IsUp);

        foreach (SimulatedPeer asking in _peers)
        {
            FindProvidersResult found = await asking.Node.ProviderQueries.FindAsync(content, null, null, CancellationToken.None);
            Assert.That(found.Providers.Select(provider => provider.Peer), Is.EqualTo(new[] { _peers[0].LocalPeer }));
        }
        for (int round = 0; round < 3; round++)
        {
            _time.Advance(TimeSpan.FromHours(1));
            foreach (SimulatedPeer peer in _peers)
                await peer.Node.Refresher.RefreshAsync(CancellationToken.None);
        }

        Assert.That(
            _peers.SelectMany(peer => peer.Node.Table.Snapshot()).Where(contact => _network.Find(contact.Peer) is null), Is.Empty);
        foreach (SimulatedPeer asking in _peers)
        {
            byte[] key = _network.RandomKey();
            ClosestPeersResult result = await asking.Node.Peers.GetClosestAsync(key, null, CancellationToken.None);
            Assert.That(result.Peers, Is.EqualTo(_network.TrueClosest(key, 20, asking.LocalPeer)));
        }
    }

    private SimulatedPeer Honest()
    {
        SimulatedPeer[] honest = [.. _peers.Where(peer => peer is { Lie: null, IsMute: false })];
        return honest[_network.Random.Next(honest.Length)];
    }

    private List<SimulatedPeer> SybilsNear(byte[] key, int count)
    {
        var target = KadKey.Of(key);
        IEnumerable<PeerId> ids = Enumerable.Range(0, 20_000)
            .Select(_ => TestPeers.Peer(_network.Random.Next()))
            .OrderBy(peer => KadKey.Of(peer).DistanceTo(target))
            .Take(count);
        return [.. ids.Select(id => _network.Add(Options, id))];
    }

    private void Vanish(SimulatedPeer sybil)
    {
        _network.Remove(sybil);
        foreach (SimulatedPeer peer in _network.Peers)
            peer.Forget(sybil.LocalPeer);
    }

    private static async Task<bool> FindsAsync(SimulatedPeer asking, byte[] key)
    {
        GetValueResult result = await asking.Node.Values.GetAsync(key, null, null, CancellationToken.None);
        return result.Value is not null;
    }

    private DhtPeer[] Invented(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => new DhtPeer(TestPeers.Peer(_network.Random.Next()), [Multiaddr.Parse("/ip4/127.0.0.1/tcp/9")]))];

    private static DhtPeer Described(SimulatedPeer peer) => new(peer.LocalPeer, [peer.Address]);
}
