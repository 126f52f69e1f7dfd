using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Simulation;

/// <summary>Providers and values in a network of many nodes.</summary>
public sealed class ContentSimulationTests
{
    private static readonly DhtOptions Options = new() { Validators = TestRecords.Namespaces };

    private SimulatedNetwork _network = null!;
    private List<SimulatedPeer> _peers = null!;

    [SetUp]
    public async Task SetUp()
    {
        _network = new SimulatedNetwork(new ManualTime(), seed: 7);
        _peers = await _network.JoinAsync(80, Options);
    }

    [Test]
    public async Task Providers_AreFoundFromEverywhere()
    {
        byte[] key = _network.RandomKey();
        SimulatedPeer[] providers = [_peers[3], _peers[70], _peers[75]];
        foreach (SimulatedPeer provider in providers)
        {
            ProvideResult provided = await provider.Node.ProviderQueries.AnnounceAsync(key, null, CancellationToken.None);
            Assert.That(provided.SentTo, Is.EqualTo(_network.TrueClosest(key, 20, provider.LocalPeer)));
            Assert.That(provided.Stats.Errors, Is.Empty);
        }
        foreach (SimulatedPeer asking in _peers.Except(providers))
        {
            FindProvidersResult found = await asking.Node.ProviderQueries.FindAsync(key, null, null, CancellationToken.None);
            Assert.That(found.Providers.Select(provider => provider.Peer), Is.EquivalentTo(providers.Select(peer => peer.LocalPeer)));
            Assert.That(found.Providers.Select(provider => provider.Addresses.Count), Is.All.EqualTo(1));
        }
    }

    [Test]
    public async Task Providers_AsManyAsWanted_EndTheSearchEarly()
    {
        byte[] key = _network.RandomKey();
        foreach (SimulatedPeer provider in _peers.Take(10))
            await provider.Node.ProviderQueries.AnnounceAsync(key, null, CancellationToken.None);
        List<DhtEvent> steps = [];

        FindProvidersResult found = await _peers[77].Node.ProviderQueries.FindAsync(
            key, 4, new DhtQueryOptions { Progress = steps.Add }, CancellationToken.None);

        Assert.That(found.Providers, Has.Count.EqualTo(4));
        Assert.That(found.Stats.Ended, Is.Null);
        Assert.That(steps.Where(step => step.Step == DhtStep.Provider).Sum(step => step.Providers.Count), Is.EqualTo(4));
    }

    [Test]
    public async Task ProviderNamedWithoutAddress_IsLookedFor()
    {
        byte[] key = _network.RandomKey();
        SimulatedPeer provider = _peers[50];
        SimulatedPeer asking = _peers[60];
        foreach (SimulatedPeer holder in _peers)
        {
            holder.Lie = (from, request) => request.Type != DhtMessageType.GetProviders
                ? holder.Node.Handler.Handle(new(from, P2PMiner.P2P.Transport.IpScope.Loopback), request)
                : new DhtMessage(request.Type, request.Key) { ProviderPeers = [new DhtPeer(provider.LocalPeer, [])] };
        }
        asking.Forget(provider.LocalPeer);

        FindProvidersResult found = await asking.Node.ProviderQueries.FindAsync(key, null, null, CancellationToken.None);

        Assert.That(found.Providers.Single().Addresses, Is.EqualTo(new[] { provider.Address }));
    }

    [Test]
    public async Task Values_AreStoredAtTheClosest_AndFoundFromEverywhere()
    {
        byte[] key = TestRecords.Key("value");
        PutValueResult put = await _peers[5].Node.Values.PutAsync(key, new byte[] { 1, 2, 3 }, null, CancellationToken.None);
        Assert.That(put.StoredAt, Is.EqualTo(_network.TrueClosest(key, 20, _peers[5].LocalPeer)));
        foreach (SimulatedPeer asking in _peers)
        {
            GetValueResult got = await asking.Node.Values.GetAsync(key, null, null, CancellationToken.None);
            Assert.That(got.Value!.Value.ToArray(), Is.EqualTo(new byte[] { 1, 2, 3 }));
        }
    }

    [Test]
    public async Task BestValue_Wins_AndIsGivenToThoseThatHadAWorseOne()
    {
        byte[] key = TestRecords.Key("contested");
        List<PeerId> holders = _network.TrueClosest(key, 20, _peers[0].LocalPeer);
        foreach (PeerId holder in holders.Take(15))
            _network.Find(holder)!.Node.Records.TryPut(key, new byte[] { 1 }, holder, new TestRecords());
        _network.Find(holders[17])!.Node.Records.TryPut(key, new byte[] { 2 }, holders[17], new TestRecords());

        GetValueResult got = await _peers[0].Node.Values.GetAsync(key, null, null, CancellationToken.None);
        await got.Correction;

        Assert.That(got.Value!.Value.ToArray(), Is.EqualTo(new byte[] { 2 }));
        Assert.That(got.From, Is.EqualTo(holders[17]));
        Assert.That(
            holders.Select(holder => _network.Find(holder)!.Node.Records.Find(key)!.Value.ToArray()),
            Is.All.EqualTo(new byte[] { 2 }));
    }

    [Test]
    public async Task Quorum_EndsTheSearchEarly()
    {
        byte[] key = TestRecords.Key("quorum");
        await _peers[5].Node.Values.PutAsync(key, new byte[] { 1 }, null, CancellationToken.None);
        SimulatedPeer asking = _peers.First(peer => peer.Node.Records.Count == 0);

        GetValueResult full = await asking.Node.Values.GetAsync(key, null, null, CancellationToken.None);
        GetValueResult quick = await asking.Node.Values.GetAsync(key, 1, null, CancellationToken.None);

        Assert.That(quick.Value!.Value.ToArray(), Is.EqualTo(new byte[] { 1 }));
        Assert.That(quick.Stats.Responses, Is.LessThan(full.Stats.Responses));
    }

    [Test]
    public async Task AnswersWithTheRecordOfAnotherKey_AreNotBelieved()
    {
        DhtRecord other = new(TestRecords.Key("other"), new byte[] { 9 });
        foreach (SimulatedPeer peer in _peers.Skip(1))
            peer.Lie = (_, request) => new DhtMessage(request.Type, request.Key) { Record = other };

        GetValueResult got = await _peers[0].Node.Values.GetAsync(TestRecords.Key("asked for"), null, null, CancellationToken.None);

        Assert.That(got.Value, Is.Null);
        Assert.That(got.Stats.Errors, Has.Count.EqualTo(got.Stats.Responses).And.Not.Empty);
    }

    [Test]
    public async Task InvalidAnswers_AreNotBelieved()
    {
        byte[] key = TestRecords.Key("lied about");
        byte[][] lies = [[], [0xff, 0xff]];
        for (int i = 0; i < _peers.Count; i += 2)
        {
            byte[] value = lies[i / 2 % 2];
            DhtRecord lie = i % 3 == 0 ? new DhtRecord(TestRecords.Key("other"), new byte[] { 9 }) : new DhtRecord(key, value);
            _peers[i].Lie = (_, request) => new DhtMessage(request.Type, request.Key) { Record = lie };
        }

        GetValueResult got = await _peers[1].Node.Values.GetAsync(key, null, null, CancellationToken.None);

        Assert.That(got.Value, Is.Null);
        Assert.That(got.Stats.Errors, Is.Not.Empty.And.All.Property(nameof(DhtError.Error)).Contains("not valid"));
    }

    [Test]
    public void InvalidValue_IsNotPublished()
    {
        Assert.That(() => _peers[0].Node.Values.PutAsync(TestRecords.Key("a"), new byte[] { 0xff }, null, default), Throws.ArgumentException);
        Assert.That(() => _peers[0].Node.Values.PutAsync("/unknown/a"u8.ToArray(), new byte[] { 1 }, null, default), Throws.ArgumentException);
        Assert.That(() => _peers[0].Node.Values.GetAsync("/unknown/a"u8.ToArray(), null, null, default), Throws.ArgumentException);
        Assert.That(_peers[0].Node.Records.Count, Is.Zero);
    }

    [Test]
    public async Task Peers_AreFound_ServersAndClientsAlike()
    {
        SimulatedPeer client = _network.Add(Options with { Mode = DhtMode.Client });
        client.Connect(_peers[20]);
        await client.Node.Refresher.RefreshAsync(CancellationToken.None);
        foreach (SimulatedPeer target in new[] { _peers[77], client })
        {
            SimulatedPeer asking = _peers.First(peer => peer != target && !peer.IsConnected(target.LocalPeer));
            FindPeerResult found = await asking.Node.Peers.FindAsync(target.LocalPeer, useCache: false, null, CancellationToken.None);
            Assert.That(found.Found!.Addresses, Is.EqualTo(new[] { target.Address }));
            Assert.That(found.From, Is.Not.Null);
        }

        FindPeerResult none = await _peers[0].Node.Peers.FindAsync(TestPeers.Peer(1), useCache: false, null, CancellationToken.None);
        Assert.That(none.Found, Is.Null);
        Assert.That(none.Stats.Ended, Is.Null);
    }

    [Test]
    public async Task Progress_TellsEveryStep()
    {
        List<DhtEvent> steps = [];
        ClosestPeersResult result = await _peers[0].Node.Peers.GetClosestAsync(
            _network.RandomKey(), new DhtQueryOptions { Progress = steps.Add }, CancellationToken.None);

        Assert.That(steps.Count(step => step.Step == DhtStep.SendQuery), Is.EqualTo(result.Stats.Asked));
        Assert.That(steps.Count(step => step.Step == DhtStep.PeerResponse), Is.EqualTo(result.Stats.Responses));
        Assert.That(steps.Count(step => step.Step == DhtStep.PathEnded), Is.EqualTo(10));
        Assert.That(steps.Where(step => step.Step == DhtStep.FinalPeer).Select(step => step.Peer), Is.EqualTo(result.Peers));
        Assert.That(steps.Where(step => step.Step == DhtStep.PeerResponse).Select(step => step.Closer.Count), Is.All.GreaterThan(0));
    }
}
