using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Messaging;

/// <summary>A day on the test's clock in which nodes come and go: nothing is left of those that went.</summary>
public sealed class ChurnTests
{
    private const int Nodes = 12;
    private const int HalfHours = 48;

    /// <summary>Of values and announcements: short, so that what those who went have left behind must expire within the day.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(2);

    private static readonly Multihash Content = Multihash.Sha256("content"u8);

    private readonly List<(TestNetwork Network, KademliaDht Dht)> _alive = [];

    /// <summary>Who published in each half hour.</summary>
    private readonly List<PeerId> _publishers = [];
    private ManualTime _time = null!;
    private TestSwarm _swarm = null!;
    private Random _random = null!;

    [SetUp]
    public void SetUp()
    {
        (_time, _random) = (new ManualTime(), new Random(1));
        _swarm = new TestSwarm(_time);
        _publishers.Clear();
    }

    [Test]
    public async Task DayOfChurn_LeavesNoContactsStreamsTimersOrEntriesBehind()
    {
        while (_alive.Count < Nodes)
            await JoinAsync();
        List<int> timers = [];
        for (int halfHour = 0; halfHour < HalfHours; halfHour++)
        {
            await LeaveAsync();
            await JoinAsync();
            await UseAsync(halfHour);
            await _time.AdvanceAsync(TimeSpan.FromMinutes(30));
            timers.Add(_time.PendingTimers);
        }
        await _time.AdvanceAsync(TimeSpan.FromHours(4));

        HashSet<PeerId> alive = [.. _alive.Select(node => node.Network.LocalPeer)];
        int values = _publishers.Count(alive.Contains);
        HashSet<PeerId> providers = [.. _publishers.Where(alive.Contains)];
        Assert.That(values, Is.InRange(1, HalfHours / 2), "most publishers have gone");
        foreach ((TestNetwork network, KademliaDht dht) in _alive)
        {
            Assert.That(dht.RoutingTable, Is.Not.Empty.And.SubsetOf(alive));
            Assert.That(network.Connections.Select(connection => connection.StreamCount), Is.All.Zero);
            Assert.That(dht.StoredRecords, Is.EqualTo(values), "only those who are here repeat what they published");
            Assert.That(dht.StoredProviders, Is.EqualTo(providers.Count(peer => !peer.Equals(network.LocalPeer))));
        }
        Assert.That(timers.TakeLast(12).Max(), Is.LessThanOrEqualTo(timers.Take(12).Max() + Nodes));
        Assert.That(_swarm.Failures, Is.Empty);
        Assert.That((await _alive[3].Dht.FindProvidersAsync(Content).InTime()).Providers, Is.Not.Empty);
        while (_alive.Count > 0)
            await LeaveAsync();
        Assert.That(_time.PendingTimers, Is.Zero);
    }

    private async Task JoinAsync()
    {
        TestNetwork network = _swarm.Add();
        DhtOptions options = new()
        {
            RefreshInterval = TimeSpan.FromHours(1),
            Validators = TestRecords.Namespaces,
            RecordLifetime = Lifetime,
            ProviderLifetime = Lifetime,
            ProviderAddressLifetime = Lifetime,
            RepublishInterval = Lifetime / 2,
        };
        KademliaDht dht = new(network, options, new Random(_random.Next()), null);
        await dht.StartAsync();
        if (_alive.Count > 0)
            network.Connect(_alive[_random.Next(_alive.Count)].Network);
        _alive.Add((network, dht));
    }

    private async Task LeaveAsync()
    {
        (TestNetwork network, KademliaDht dht) = _alive[_random.Next(_alive.Count)];
        _alive.RemoveAll(node => node.Network == network);
        network.Kill();
        await dht.DisposeAsync();
    }

    private async Task UseAsync(int number)
    {
        (TestNetwork network, KademliaDht publishing) = _alive[_random.Next(_alive.Count)];
        _publishers.Add(network.LocalPeer);
        DhtQueryOptions how = new() { Timeout = TimeSpan.FromSeconds(20) };
        Task<ProvideResult> provide = publishing.ProvideAsync(Content, how);
        Task<PutValueResult> put = publishing.PutValueAsync(TestRecords.Key($"{number}"), new byte[] { 1 }, how);
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => provide.IsCompleted && put.IsCompleted, "end of publishing");
        await provide;
        await put;
        foreach (IPeerConnection idle in _alive.SelectMany(node => node.Network.Connections).Where(_ => _random.Next(4) == 0))
            await idle.CloseAsync();
    }
}
