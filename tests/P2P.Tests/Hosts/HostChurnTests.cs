using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Tests.Dht;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>
/// A day on the test's clock among whole hosts, with all that lies between a transport and the DHT: some stay, others come, use everything
/// and go, some without a word. Nothing is left of those that went, and those that stayed hold no more at the end than in the morning.
/// </summary>
public sealed class HostChurnTests
{
    private const string Topic = "news";
    private const int Residents = 2;
    private const int Visitors = 3;

    /// <summary>What is stored in the DHT, and what is remembered of a peer, lasts no longer.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(2);

    private static readonly TimeSpan HalfAnHour = TimeSpan.FromMinutes(30);

    private readonly List<Guest> _guests = [];
    private readonly List<Guest> _gone = [];
    private ManualTime _time = null!;
    private MemoryTransport _transport = null!;
    private TestHosts _hosts = null!;
    private Random _random = null!;
    private int _delivered;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _transport = new MemoryTransport(_time);
        _hosts = new TestHosts();
        _random = new Random(1);
        _guests.Clear();
        _gone.Clear();
        _delivered = 0;
    }

    [TearDown]
    public ValueTask TearDown() => _hosts.DisposeAsync();

    [Test]
    public Task DayOfChurn_LeavesNothingBehind() => ChurnAsync(hours: 24);

    [Test]
    [Explicit("takes a minute")]
    public Task WeekOfChurn_LeavesNothingBehind() => ChurnAsync(hours: 168);

    private async Task ChurnAsync(int hours)
    {
        using RentedBuffers buffers = new();
        List<Dictionary<string, long>> levels = [];
        while (_guests.Count < Residents + Visitors)
            await JoinAsync();
        for (int step = 0; step < 2 * hours; step++)
        {
            // Its bad score is remembered for a while.
            await _guests[Residents].Host.PubSub!.PublishAsync(Topic, new byte[] { 0xff });
            await ManualTime.SettleAsync();
            await LeaveAsync(_guests[Residents], abruptly: step % 2 == 0);
            await JoinAsync();
            await UseAsync(step);
            await PassAsync(HalfAnHour);
            AssertNoTraceOfThoseLongGone();
            levels.Add(Levels(buffers));
        }

        AssertSteady(levels);
        Assert.That(_delivered, Is.GreaterThan(levels.Count), "the hosts talked");
        await EndAsync();
        Assert.That(_time.PendingTimers, Is.Zero);
        Assert.That(_transport.OpenEnds, Is.Zero);
        Assert.That(buffers.Sizes, Is.Empty);
    }

    /// <summary>The most that one of the residents holds of everything, and all hosts together of what they share.</summary>
    private Dictionary<string, long> Levels(RentedBuffers buffers)
    {
        Dictionary<string, long>[] residents = [.. _guests.Take(Residents).Select(static guest => HostTables.Of(guest.Host))];
        return new Dictionary<string, long>(residents[0].Keys.Select(
            name => KeyValuePair.Create(name, residents.Max(tables => tables[name]))))
        {
            ["timers"] = _time.PendingTimers,
            ["ends of raw connections"] = _transport.OpenEnds,
            ["rented buffers"] = buffers.Count,
        };
    }

    /// <summary>Compares the last four hours with the third to the sixth. Whatever grew by one for each visitor would be far beyond.</summary>
    private static void AssertSteady(List<Dictionary<string, long>> levels)
    {
        const int Window = 8;
        Dictionary<string, long>[] early = [.. levels.Skip(4).Take(Window)];
        Dictionary<string, long>[] late = [.. levels.TakeLast(Window)];
        Assert.Multiple(() =>
        {
            foreach (string name in early[0].Keys)
            {
                long most = early.Max(level => level[name]);
                TestContext.Out.WriteLine($"{name}: {most}, {late.Max(level => level[name])}");
                Assert.That(late.Max(level => level[name]), Is.LessThanOrEqualTo(most + (most / 4) + 6), name);
            }
        });
    }

    private void AssertNoTraceOfThoseLongGone()
    {
        PeerId[] gone = [.. _gone.Where(guest => _time.GetUtcNow() - guest.Left > 2 * Lifetime).Select(static guest => guest.Host.Id)];
        foreach (Host host in _guests.Select(static guest => guest.Host))
        {
            Assert.That(host.Network.Peers.Snapshot().Select(static peer => peer.Peer), Has.None.AnyOf(gone.Append(host.Id).ToArray<object>()));
            Assert.That(host.Dht!.RoutingTable, Has.None.AnyOf(gone.Append(host.Id).ToArray<object>()));
            Assert.That(gone.Select(host.PubSub!.Score), Is.All.Zero);
        }
    }

    private async Task JoinAsync()
    {
        int number = _guests.Count + _gone.Count + 1;
        var place = Multiaddr.Parse($"/ip4/10.0.{number / 250}.{(number % 250) + 1}/tcp/4001");
        Host host = await _hosts.StartAsync(options => options with
        {
            Time = _time,
            Transports = [_transport.At(place)],
            Listen = [place],
            Limits = new ConnectionLimits { SurplusGrace = TimeSpan.FromMinutes(1) },
            PubSub = PubSub(),
            Dht = Dht(),
        });
        host.PubSub!.Subscribe(Topic, _ => Interlocked.Increment(ref _delivered));
        host.PubSub.SetValidator(Topic, static (message, _) =>
            ValueTask.FromResult(message.Data.Span[0] == 0xff ? Verdict.Reject : Verdict.Accept));
        if (_guests.Count > 0)
            await TestHosts.ConnectAsync(host, _guests[_random.Next(Math.Min(_guests.Count, Residents))].Host);
        _guests.Add(new Guest(host, place));
        await PassAsync(TimeSpan.FromMinutes(2));
    }

    private static PubSubOptions PubSub() => new()
    {
        Mesh = new MeshOptions { Heartbeat = TimeSpan.FromSeconds(30) },
        Scores = new PeerScoreOptions
        {
            Topics = new Dictionary<string, TopicScoreOptions> { [Topic] = new() { TimeInMeshWeight = 0, DeliveryWeight = 0, FailureWeight = 0 } },
        },
    };

    private static DhtOptions Dht() => new()
    {
        Validators = TestRecords.Namespaces,
        RecordLifetime = Lifetime,
        ProviderLifetime = Lifetime,
        ProviderAddressLifetime = Lifetime,
        RepublishInterval = Lifetime / 2,
        RequestTimeout = TimeSpan.FromSeconds(30),
    };

    /// <summary>Stops a host, or takes away its network first so that nobody hears of it.</summary>
    private async Task LeaveAsync(Guest guest, bool abruptly)
    {
        _guests.Remove(guest);
        _gone.Add(guest with { Left = _time.GetUtcNow() });
        if (abruptly)
            _transport.Break(guest.Place);
        Task stop = guest.Host.StopAsync();
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => stop.IsCompleted, "stop");
        await stop;
    }

    private async Task UseAsync(int step)
    {
        Guest newest = _guests[^1];
        foreach (Host host in _guests.Select(static guest => guest.Host))
            await host.PubSub!.PublishAsync(Topic, new byte[] { 1, (byte)step });
        await using (newest.Host.PubSub!.Subscribe($"topic {step}", static _ => { }))
            await PassAsync(TimeSpan.FromMinutes(1));
        await newest.Host.PubSub.PublishAsync("nobody's", new byte[] { 1 });

        KademliaDht dht = newest.Host.Dht!;
        var content = Multihash.Sha256([(byte)step]);
        Assert.That((await RunAsync(dht.ProvideAsync(content))).SentTo, Is.Not.Empty);
        Assert.That((await RunAsync(dht.PutValueAsync(TestRecords.Key($"{step}"), new byte[] { 1 }))).StoredAt, Is.Not.Empty);
        FindProvidersResult found = await RunAsync(_guests[0].Host.Dht!.FindProvidersAsync(content));
        Assert.That(found.Providers.Select(static provider => provider.Peer), Does.Contain(newest.Host.Id));
        foreach (Guest guest in _guests)
            Assert.That(async () => await guest.Host.DialAsync(_gone[^1].Host.Addresses[0]), Throws.InstanceOf<DialException>());
        await _guests[_random.Next(Residents)].Host.Network.DisconnectAsync(_guests[Residents].Host.Id);
    }

    private async Task<T> RunAsync<T>(Task<T> task)
    {
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => task.IsCompleted, "result");
        return await task;
    }

    /// <summary>All but one resident go; it lets everything expire, sees one more guest, and has nothing then.</summary>
    private async Task EndAsync()
    {
        while (_guests.Count > 1)
            await LeaveAsync(_guests[^1], abruptly: _guests.Count % 2 == 0);
        Guest last = _guests[0];
        await PassAsync(2 * Lifetime);
        await JoinAsync();
        await LeaveAsync(_guests[^1], abruptly: false);
        await PassAsync(2 * Lifetime);

        // These are cleared when the next peer comes.
        string[] lazy = ["peer store", "dial back-offs", "remote addresses", "rates of askers"];
        Assert.That(HostTables.Of(last.Host).Where(table => table.Value > (lazy.Contains(table.Key) ? 1 : 0)), Is.Empty);
        await LeaveAsync(last, abruptly: false);
    }

    /// <summary>
    /// Lets time pass. The pool comes to rest more often than any answer is waited for, but not after every timer: a day has a million of them.
    /// </summary>
    private async Task PassAsync(TimeSpan span)
    {
        TimeSpan step = TimeSpan.FromSeconds(4);
        await ManualTime.SettleAsync();
        for (TimeSpan passed = TimeSpan.Zero; passed < span; passed += step)
        {
            _time.Advance(step);
            await ManualTime.SettleAsync();
        }
    }

    private sealed record Guest(Host Host, Multiaddr Place)
    {
        internal DateTimeOffset Left { get; init; }
    }
}
