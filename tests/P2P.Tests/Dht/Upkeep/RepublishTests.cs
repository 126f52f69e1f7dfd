using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Storage;
using P2PMiner.P2P.Tests.Dht.Simulation;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Upkeep;

/// <summary>Providers and values over days.</summary>
public sealed class RepublishTests
{
    private static readonly DhtOptions Options = new() { Validators = TestRecords.Namespaces, RefreshInterval = TimeSpan.FromHours(6) };
    private static readonly byte[] Value = [1, 2, 3];

    private ManualTime _time = null!;
    private SimulatedNetwork _network = null!;
    private List<SimulatedPeer> _peers = null!;
    private byte[] _content = null!;
    private byte[] _key = null!;

    [SetUp]
    public async Task SetUp()
    {
        _time = new ManualTime();
        _network = new SimulatedNetwork(_time, seed: 3);
        _peers = await _network.JoinAsync(12, Options);
        _content = _network.RandomKey();
        _key = TestRecords.Key("kept");
        foreach (SimulatedPeer peer in _peers)
            peer.Node.Start();
    }

    [TearDown]
    public async Task TearDown()
    {
        foreach (SimulatedPeer peer in _network.Peers.ToArray())
            await peer.Node.DisposeAsync();
    }

    [Test]
    public async Task Published_StaysFor100Hours_AndIsForgotten48HoursAfterItsPublisherLeft()
    {
        SimulatedPeer publisher = _peers[0];
        await PublishAsync(publisher);
        for (int hours = 0; hours < 100; hours += 5)
        {
            await PassAsync(TimeSpan.FromHours(5));
            await AssertFoundAsync(providers: 1, Value);
        }

        await publisher.Node.DisposeAsync();
        _network.Remove(publisher);
        _peers.Remove(publisher);
        await PassAsync(TimeSpan.FromHours(20));
        await AssertFoundAsync(providers: 1, Value);

        // The search just made has given the value to peers that had none, for another 48 hours.
        await PassAsync(TimeSpan.FromHours(50));
        await AssertFoundAsync(providers: 0, null);
        Assert.That(_peers.Select(peer => peer.Node.Records.Count + peer.Node.Providers.Count), Is.All.Zero);
    }

    [Test]
    public async Task Withdrawn_IsForgottenWithin48Hours()
    {
        await PublishAsync(_peers[0]);
        _peers[0].Node.Publications.Remove(_content, isValue: false);
        _peers[0].Node.Publications.Remove(_key, isValue: true);
        await PassAsync(TimeSpan.FromHours(47));
        Assert.That(_peers.Select(peer => peer.Node.Records.Count), Is.All.EqualTo(1));
        Assert.That(_peers.Skip(1).Select(peer => peer.Node.Providers.Count), Is.All.EqualTo(1));
        await PassAsync(TimeSpan.FromHours(2));

        await AssertFoundAsync(providers: 0, null);
    }

    [Test]
    public async Task PublishedToNobody_IsAnnouncedWhenThereIsSomebody()
    {
        SimulatedPeer lonely = _network.Add(Options);
        lonely.Node.Start();
        lonely.Node.Publications.Announced(lonely.Node.Publications.Add(_content, null), receivers: 0, tableSize: 0);
        await PassAsync(TimeSpan.FromMinutes(5));
        lonely.Connect(_peers[0]);

        await Wait.UntilAsync(_time, TimeSpan.FromMinutes(1), () => _peers.TrueForAll(peer => peer.Node.Providers.Count == 1), "announcement");
        await AssertFoundAsync(providers: 1, null);
    }

    [Test]
    public async Task NetworkThatGrew_IsToldAgain()
    {
        SimulatedNetwork grown = new(_time, seed: 4);
        List<SimulatedPeer> peers = await grown.JoinAsync(3, Options);
        peers[0].Node.Start();
        ProvideResult first = await peers[0].Node.ProviderQueries.AnnounceAsync(_content, null, default);
        peers[0].Node.Publications.Announced(peers[0].Node.Publications.Add(_content, null), first.SentTo.Count, peers[0].Node.Table.Count);
        List<SimulatedPeer> later = await grown.JoinAsync(60, Options);

        await Wait.UntilAsync(
            _time, TimeSpan.FromSeconds(30), () => later.Count(peer => peer.Node.Providers.Find(_content).Count == 1) >= 15, "new holders");
        await peers[0].Node.DisposeAsync();
    }

    [Test]
    public async Task ValueThatSomebodyBettered_IsRepublishedNoMore()
    {
        await PublishAsync(_peers[0]);
        await PutAsync(_peers[1], [9]);
        _peers[0].Node.Records.TryPut(_key, new byte[] { 9 }, _peers[1].LocalPeer, new TestRecords());
        await PassAsync(TimeSpan.FromHours(20));

        await Wait.UntilAsync(_time, TimeSpan.FromMinutes(10), () => _peers[0].Node.Publications.Count == 1, "end of publishing");
        await AssertFoundAsync(providers: 1, [9]);
    }

    [Test]
    public async Task ValueThatIsNotValidAnyMore_IsRepublishedNoMore_AndTheUpkeepGoesOn()
    {
        TestRecords rules = new();
        SimulatedPeer publisher = _network.Add(Options with { Validators = new Dictionary<string, IRecordValidator> { ["test"] = rules } });
        Exception? failure = null;
        publisher.Node.Failed += error => failure = error;
        publisher.Node.Start();
        publisher.Connect(_peers[0]);
        await PublishAsync(publisher);
        rules.HasRunOut = true;

        await PassAsync(TimeSpan.FromHours(23));
        Assert.That(failure, Is.Null);
        Assert.That(publisher.Node.Publications.Due(tableSize: 0), Is.Empty);
        Assert.That(publisher.Node.Publications.Count, Is.EqualTo(1), "what it provides");
        await PassAsync(TimeSpan.FromHours(77));
        Assert.That(_peers.Count(peer => peer.Node.Providers.Find(_content).Count == 1), Is.Positive, "it is announced as before");
    }

    private async Task PublishAsync(SimulatedPeer publisher)
    {
        Publication provided = publisher.Node.Publications.Add(_content, null);
        ProvideResult result = await publisher.Node.ProviderQueries.AnnounceAsync(_content, null, default);
        publisher.Node.Publications.Announced(provided, result.SentTo.Count, publisher.Node.Table.Count);
        await PutAsync(publisher, Value);
    }

    private async Task PutAsync(SimulatedPeer publisher, byte[] value)
    {
        PutValueResult put = await publisher.Node.Values.PutAsync(_key, value, null, default);
        publisher.Node.Publications.Announced(publisher.Node.Publications.Add(_key, value), put.StoredAt.Count, publisher.Node.Table.Count);
    }

    private Task PassAsync(TimeSpan span) => _time.AdvanceAsync(span);

    private async Task AssertFoundAsync(int providers, byte[]? value)
    {
        SimulatedPeer asking = _peers[_network.Random.Next(1, _peers.Count)];
        FindProvidersResult found = await asking.Node.ProviderQueries.FindAsync(_content, null, null, default);
        GetValueResult got = await asking.Node.Values.GetAsync(_key, null, null, default);
        await got.Correction;
        Assert.That(found.Providers, Has.Count.EqualTo(providers));
        Assert.That(got.Value?.ToArray(), Is.EqualTo(value));
    }
}
