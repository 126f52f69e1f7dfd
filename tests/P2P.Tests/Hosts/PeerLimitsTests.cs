using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>What one peer may take of a host with all its connections together; the peers are raw ones, over memory instead of sockets.</summary>
public sealed class PeerLimitsTests
{
    private ManualTime _time = null!;
    private MemoryTransport _transport = null!;
    private TestHosts _hosts = null!;
    private List<RawRemote> _remotes = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _transport = new MemoryTransport(_time);
        _hosts = new TestHosts();
        _remotes = [];
    }

    [TearDown]
    public async Task TearDown()
    {
        _transport.BreakAll();
        await _hosts.DisposeAsync();
        foreach (RawRemote remote in _remotes)
            await remote.DisposeAsync();
    }

    [Test]
    public async Task OnePeer_HasABoundedNumberOfStreams_OnHoweverManyConnections()
    {
        const int Connections = 4, PerConnection = 600;
        ConnectionLimits limits = new() { SurplusGrace = TimeSpan.FromHours(1) };
        Host victim = await StartAsync(limits);
        for (int i = 0; i < Connections; i++)
            await (await ConnectAsync(victim, seed: 77)).OpenSilentAsync(0, PerConnection);
        await ManualTime.SettleAsync();

        // On each connection the host has opened one to identify the remote.
        Assert.That(Leftovers.Of(victim).Streams, Is.EqualTo(limits.StreamsPerPeer + Connections));
        Assert.That(victim.Network.Connections, Has.Count.EqualTo(Connections));

        await _remotes[^1].OpenSilentAsync(PerConnection, 200);
        await _remotes[^1].ReadToEndAsync();
        await ManualTime.SettleAsync();
        Assert.That(victim.Network.Connections, Has.Count.EqualTo(Connections - 1), "a thousand refusals are enough");
    }

    [Test]
    public async Task Streams_OnWhichNothingIsSaid_EndTheConnection()
    {
        Host victim = await StartAsync(new ConnectionLimits());
        RawRemote other = await ConnectAsync(victim, seed: 78);
        await other.OpenSilentAsync(0, 50);
        RawRemote remote = await ConnectAsync(victim, seed: 77);
        await remote.OpenSilentAsync(0, 1000);
        await ManualTime.SettleAsync();
        Assert.That(Leftovers.Of(victim).Streams, Is.GreaterThan(1000));

        await _time.AdvanceAsync(TimeSpan.FromSeconds(11));

        await remote.ReadToEndAsync();
        Assert.That(victim.Network.Connections, Has.Count.EqualTo(1), "some silent streams may be a network that stood still");
        Assert.That(Leftovers.Of(victim).Streams, Is.Zero);
    }

    [Test]
    public async Task Streams_DoNotWaitLongerForTheirTurnThanANegotiationMayTake()
    {
        Host victim = await StartAsync(new ConnectionLimits { MaxNegotiationsPerConnection = 1 });
        RawRemote remote = await ConnectAsync(victim, seed: 77);
        await remote.OpenSilentAsync(0, 10);
        await ManualTime.SettleAsync();
        Assert.That(Leftovers.Of(victim).Streams, Is.GreaterThanOrEqualTo(10));

        await _time.AdvanceAsync(TimeSpan.FromSeconds(11));

        Assert.That(Leftovers.Of(victim) with { Connections = 0 }, Is.EqualTo(default(Leftovers)));
        Assert.That(victim.Network.Connections, Has.Count.EqualTo(1));
    }

    private async Task<Host> StartAsync(ConnectionLimits limits) => await _hosts.StartAsync(options => options with
    {
        Transports = [_transport],
        Time = _time,
        Limits = limits,
        Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
    });

    private async Task<RawRemote> ConnectAsync(Host host, int seed)
    {
        RawRemote remote = await RawRemote.SecureAsync(host, seed, _transport);
        _remotes.Add(remote);
        await Wait.UntilAsync(() => host.Network.Connections.Count == _remotes.Count, "connection");
        return remote;
    }
}
