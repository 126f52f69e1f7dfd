using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Datasets;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Transport;

namespace P2PMiner.Node.Tests.Cluster.Datasets;

/// <summary>Hosts on loopback that are told the address of one in the middle, and a clock of which only the times of announcements and searches are.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DatasetProvidersTests : IAsyncDisposable
{
    /// <summary>The looks after which all that the first of them began has ended.</summary>
    private const int WholeLooks = 2;

    private static readonly ClusterId Name = new("home", null);
    private static readonly Hash256 Key = new([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);
    private static readonly Hash256 OtherKey = new([.. Enumerable.Range(2, 32).Select(i => (byte)i)]);

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Host> _hosts = [];
    private readonly List<Task> _running = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (Host host in _hosts)
            await host.DisposeAsync();
        _stop.Dispose();
    }

    [Test]
    public async Task Host_OfTheKeyThatIsWanted_IsFound_AndNobodyElse()
    {
        Host[] hosts = await StartAsync(4);
        Part first = Run(hosts[1], hosted: [Key]);
        Part second = Run(hosts[2], hosted: [OtherKey]);
        Part seeker = Run(hosts[3], wanted: [Key]);
        await UntilAsync(() => !seeker.Found.IsEmpty, "a host is found");
        await LookAsync(first, second, seeker);
        Assert.That(seeker.Found.Distinct(), Is.EqualTo(new[] { hosts[1].Id }));
        Assert.That(seeker.Host.Network.Peers.Addresses(hosts[1].Id), Is.SupersetOf(hosts[1].Network.ListenAddresses));
        Assert.That(first.Found.Concat(second.Found), Is.Empty, "they want none");
    }

    [Test]
    public async Task Node_ThatHostsNothing_IsNotAnnounced_UntilItHosts_AndNoMoreWhenItHasStopped()
    {
        Host[] hosts = await StartAsync(3);
        Part host = Run(hosts[1]);
        Part seeker = Run(hosts[2], wanted: [Key]);
        await LookAsync(host, seeker);
        Assert.That(hosts.Select(each => each.Dht!.StoredProviders), Is.All.Zero);
        Assert.That(seeker.Found, Is.Empty);

        host.Hosted = [Key];
        await UntilAsync(() => !seeker.Found.IsEmpty, "the host is found");
        Assert.That(seeker.Found.Distinct(), Is.EqualTo(new[] { hosts[1].Id }));

        // Others keep what they were told for a while, but nobody tells them again: the host's DHT has nothing left to withdraw.
        host.Hosted = [];
        await LookAsync(host);
        Assert.That(hosts[1].Dht!.StopProviding(Name.DatasetKey(Key)), Is.False);
    }

    /// <summary>Hosts that know each other by the first, when all tables are full.</summary>
    private async Task<Host[]> StartAsync(int count)
    {
        for (int number = 0; number < count; number++)
        {
            HostOptions options = new()
            {
                Key = Ed25519KeyPair.Generate(),
                Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
                Dht = new DhtOptions { Bootstrap = number == 0 ? [] : [_hosts[0].Addresses[0]], AddressScope = IpScope.Loopback },
            };
            _hosts.Add(await Host.StartAsync(options, static _ => { }, NullLoggerFactory.Instance));
        }
        await Wait.UntilAsync(() => _hosts.TrueForAll(host => host.Dht!.RoutingTable.Count == count - 1), "full tables");
        return [.. _hosts];
    }

    private Part Run(Host host, Hash256[]? hosted = null, Hash256[]? wanted = null)
    {
        Part part = new(host) { Hosted = hosted ?? [] };
        _running.Add(new DatasetProviders(
            host, Name.DatasetKey, part.Look, () => wanted ?? [], part.Found.Enqueue, _time, NullLogger.Instance).RunAsync(_stop.Token));
        return part;
    }

    /// <summary>Lets each of them announce and search once more.</summary>
    private async Task LookAsync(params Part[] parts)
    {
        int[] before = [.. parts.Select(part => part.Looks)];
        await UntilAsync(() => parts.Zip(before).All(pair => pair.First.Looks >= pair.Second + WholeLooks), "looks");
    }

    /// <summary>Waits while the clock goes on.</summary>
    private Task UntilAsync(Func<bool> condition, string what) => Wait.UntilAsync(
        () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return condition();
        },
        what);

    /// <summary>What a node hosts, and whom it has found.</summary>
    private sealed class Part(Host host)
    {
        private volatile int _looks;

        public Host Host => host;

        public IReadOnlyList<Hash256> Hosted { get; set; } = [];

        public ConcurrentQueue<PeerId> Found { get; } = new();

        /// <summary>How often it was asked what it hosts.</summary>
        public int Looks => _looks;

        public IReadOnlyList<Hash256> Look()
        {
            Interlocked.Increment(ref _looks);
            return Hosted;
        }
    }
}
