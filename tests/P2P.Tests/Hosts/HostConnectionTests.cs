using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PrivateNetwork;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>Two or more whole hosts over TCP on loopback.</summary>
public sealed class HostConnectionTests
{
    private TestHosts _hosts = null!;

    [SetUp]
    public void SetUp() => _hosts = new TestHosts();

    [TearDown]
    public ValueTask TearDown() => _hosts.DisposeAsync();

    [TestCase("/ip4/127.0.0.1/tcp/0", true, true)]
    [TestCase("/ip4/127.0.0.1/tcp/0", true, false)]
    [TestCase("/ip4/127.0.0.1/tcp/0", false, true)]
    [TestCase("/ip4/127.0.0.1/tcp/0", false, false)]
    [TestCase("/ip6/::1/tcp/0", true, true)]
    public async Task Hosts_ConnectAndTalk(string listen, bool earlyA, bool earlyB)
    {
        Host a = await _hosts.StartAsync(options => options with { EarlyMultiplexer = earlyA, Listen = [] });
        Host b = await _hosts.StartAsync(options => options with { EarlyMultiplexer = earlyB, Listen = [Multiaddr.Parse(listen)] }, Protocols.ServeAll);

        IPeerConnection connection = await a.DialAsync(b.Addresses[0]).InTime();
        await using PeerStream stream = await connection.OpenStreamAsync(["/none/1", Protocols.Echo]).InTime();
        await stream.WriteAsync("hello"u8.ToArray()).InTime();
        await stream.CloseWriteAsync().InTime();
        byte[] answer = new byte[6];
        int count = await stream.ReadAtLeastAsync(answer, 6, throwOnEndOfStream: false).InTime();

        Assert.That(answer[..count], Is.EqualTo("hello"u8.ToArray()));
        Assert.That(stream.Protocol, Is.EqualTo(Protocols.Echo));
        Assert.That((connection.RemotePeer, connection.Direction), Is.EqualTo((b.Id, Direction.Outbound)));
        Assert.That(connection.EarlyMultiplexer, Is.EqualTo(earlyA && earlyB));
        Assert.That(connection.RemoteMultiplexers, Is.EqualTo(earlyB ? new[] { "/yamux/1.0.0" } : []));
        Assert.That(await a.PingAsync(b.Id).InTime(), Is.GreaterThan(TimeSpan.Zero));
        Assert.That(await connection.PingAsync().InTime(), Is.GreaterThan(TimeSpan.Zero));
    }

    [Test]
    public async Task Hosts_TellOfEachStepInOrder()
    {
        List<string> events = [];
        Host a = await _hosts.StartAsync(configure: host =>
        {
            host.ConnectionSecured += secured => events.Add($"secured {secured.EarlyMultiplexer} {secured.RemoteMultiplexers.Count}");
            host.Network.PeerConnected += _ => events.Add("peer connected");
            host.Network.ConnectionOpened += _ => events.Add("opened");
            host.Network.Identified += identified => events.Add($"identified {identified.AgentVersion} {identified.ListenAddresses![0]}");
            host.Network.ConnectionClosed += _ => events.Add("closed");
            host.Network.PeerDisconnected += _ => events.Add("peer disconnected");
        });
        Host b = await _hosts.StartAsync();

        await TestHosts.ConnectAsync(b, a);
        await Wait.UntilAsync(() => events.Count >= 4, "identification");
        await b.Network.DisconnectAsync(a.Id).InTime();
        await Wait.UntilAsync(() => events.Count >= 6, "end");

        Assert.That(events, Is.EqualTo(new[] { "secured True 1", "peer connected", "opened", $"identified test/2 {b.Network.ListenAddresses[0]}", "closed", "peer disconnected" }));
        Assert.That(b.Network.Connections, Is.Empty);
    }

    [Test]
    public async Task Dial_TakesOnlyThePeerItAsksFor()
    {
        Host[] hosts = await _hosts.StartAsync(2);
        PeerId other = Ed25519KeyPair.FromSeed(new byte[32]).ToPublicKey().ToPeerId();

        DialException? error = await Assert.ThrowsAsync<DialException>(
            () => hosts[0].DialAsync(hosts[1].Network.ListenAddresses[0].WithPeer(other)).InTime());
        Assert.That(error!.Message, Does.Contain(hosts[1].Id.ToString()));
        IPeerConnection connection = await hosts[0].DialAsync(hosts[1].Network.ListenAddresses[0]).InTime();
        Assert.That(connection.RemotePeer, Is.EqualTo(hosts[1].Id), "without an id anyone will do");
    }

    [Test]
    public async Task Dial_SaysWhyItFailed()
    {
        Host a = await _hosts.StartAsync();
        var closed = Multiaddr.Parse("/ip4/127.0.0.1/tcp/1");
        PeerId unknown = Ed25519KeyPair.FromSeed(new byte[32]).ToPublicKey().ToPeerId();

        async Task<string> MessageOf(Func<Task> dial) => (await Assert.ThrowsAsync<DialException>(() => dial().InTime()))!.Message;

        Assert.That(await MessageOf(() => a.DialAsync(closed).AsTask()), Is.EqualTo($"no connection to {closed}: {closed}: connection refused"));
        Assert.That(await MessageOf(() => a.DialAsync(a.Addresses[0]).AsTask()), Is.EqualTo("cannot dial oneself"));
        Assert.That(await MessageOf(() => a.DialAsync(a.Network.ListenAddresses[0]).AsTask()), Does.Contain("can be dialled from here"));
        Assert.That(await MessageOf(() => a.ConnectAsync(unknown).AsTask()), Is.EqualTo($"no address of {unknown} is known"));
        Assert.That(await MessageOf(() => a.DialAsync(Multiaddr.Parse("/ip4/127.0.0.1/udp/1/quic-v1")).AsTask()), Does.Contain("can be dialled from here"));
    }

    [Test]
    public async Task Filters_AreObeyed()
    {
        Host a = await _hosts.StartAsync(options => options with { DialFilter = static address => address.TcpEndPoint!.Port == 1 });
        Host b = await _hosts.StartAsync(options => options with { InboundFilter = static _ => false });
        Host c = await _hosts.StartAsync();
        Host d = await _hosts.StartAsync(options => options with { PeerFilter = peer => !peer.Equals(c.Id) });

        Assert.That((await Assert.ThrowsAsync<DialException>(() => a.DialAsync(c.Addresses[0]).InTime()))!.Message, Does.Contain("not to be dialled"));
        await Assert.ThrowsAsync<DialException>(() => c.DialAsync(b.Addresses[0]).InTime());
        Assert.That((await Assert.ThrowsAsync<DialException>(() => d.DialAsync(c.Addresses[0]).InTime()))!.Message, Does.Contain("not wanted"));
        Assert.That(d.Network.Connections, Is.Empty);
    }

    [Test]
    public async Task ConnectionFilter_IsAskedOnceForEachConnection_ByBothSides()
    {
        List<(PeerId, Direction)> asked = [];
        bool Ask(PeerId peer, Multiaddr address, Direction direction)
        {
            lock (asked)
                asked.Add((peer, direction));
            return asked.Count < 3;
        }
        Host a = await _hosts.StartAsync();
        Host b = await _hosts.StartAsync(options => options with { ConnectionFilter = Ask });
        Host c = await _hosts.StartAsync();
        await b.DialAsync(c.Addresses[0]).InTime();
        await a.DialAsync(b.Addresses[0]).InTime();
        await a.Network.DisconnectAsync(b.Id).AsTask().InTime();
        await Wait.UntilAsync(() => b.Network.Connections.Count == 1, "the end of the connection");
        Assert.That((await Assert.ThrowsAsync<DialException>(() => b.DialAsync(a.Addresses[0]).InTime()))!.Message, Does.Contain("not welcome"));
        Assert.That(asked, Is.EqualTo(new[] { (c.Id, Direction.Outbound), (a.Id, Direction.Inbound), (a.Id, Direction.Outbound) }));
    }

    [Test]
    public async Task PrivateNetwork_LetsInOnlyWhoHasItsKey()
    {
        var key = PreSharedKey.FromBytes(new byte[32]);
        byte[] wrong = new byte[32];
        wrong[31] = 1;
        ConnectionLimits quick = new() { UpgradeStepTimeout = TimeSpan.FromMilliseconds(500), AddressTimeout = TimeSpan.FromSeconds(1) };
        Host a = await _hosts.StartAsync(options => options with { PreSharedKey = key, Limits = quick }, Protocols.ServeAll);
        Host b = await _hosts.StartAsync(options => options with { PreSharedKey = key, Limits = quick });
        Host c = await _hosts.StartAsync(options => options with { PreSharedKey = PreSharedKey.FromBytes(wrong), Limits = quick });
        Host d = await _hosts.StartAsync(options => options with { Limits = quick });

        foreach (Host stranger in new[] { c, d })
        {
            await Assert.ThrowsAsync<DialException>(() => stranger.DialAsync(a.Addresses[0]).InTime());
            await Assert.ThrowsAsync<DialException>(() => a.DialAsync(stranger.Addresses[0]).InTime());
        }
        await TestHosts.ConnectAsync(b, a);
        Assert.That(await b.PingAsync(a.Id).InTime(), Is.GreaterThan(TimeSpan.Zero));
        Assert.That(a.Network.Connections.Select(connection => connection.RemotePeer), Is.EqualTo(new[] { b.Id }));
    }

    [Test]
    public async Task Dials_OfOnePeerAtTheSameTimeAreOne()
    {
        Host[] hosts = await _hosts.StartAsync(2);
        hosts[0].Network.Peers.AddAddresses(hosts[1].Id, hosts[1].Addresses, TimeSpan.FromHours(1));

        IPeerConnection[] connections = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => hosts[0].ConnectAsync(hosts[1].Id).AsTask())).InTime();

        Assert.That(connections.Distinct().Count(), Is.EqualTo(1));
        Assert.That(hosts[0].Network.Connections, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task SimultaneousDials_EndInOneConnection()
    {
        ConnectionLimits limits = new() { SurplusGrace = TimeSpan.FromMilliseconds(200) };
        Host[] hosts = await _hosts.StartAsync(2, options => options with { Limits = limits });

        for (int round = 0; round < 5; round++)
        {
            await Task.WhenAll(TestHosts.ConnectAsync(hosts[0], hosts[1]), TestHosts.ConnectAsync(hosts[1], hosts[0])).InTime();
            await Wait.UntilAsync(
                () => hosts.All(host => host.Network.Connections.Count == 1), "single connection");
            await Task.Delay(limits.SurplusGrace * 2);
            Assert.That(hosts.Select(host => host.Network.Connections.Count), Is.All.EqualTo(1), "it stays");
            Assert.That(
                hosts[0].Network.Connections[0].LocalAddress, Is.EqualTo(hosts[1].Network.Connections[0].RemoteAddress), "the same one");
            await hosts[0].Network.DisconnectAsync(hosts[1].Id).InTime();
            await Wait.UntilAsync(() => hosts.All(host => host.Network.Connections.Count == 0), "no connection");
        }
    }

    [Test]
    public async Task SurplusConnection_StaysWhileAStreamUsesIt()
    {
        ConnectionLimits limits = new() { SurplusGrace = TimeSpan.FromMilliseconds(100) };
        Host a = await _hosts.StartAsync(options => options with { Limits = limits }, Protocols.ServeAll);
        Host b = await _hosts.StartAsync(options => options with { Limits = limits }, Protocols.ServeAll);
        IPeerConnection first = await a.DialAsync(b.Network.ListenAddresses[0]).InTime();
        PeerStream stream = await first.OpenStreamAsync([Protocols.Echo]).InTime();
        IPeerConnection second = await a.DialAsync(b.Network.ListenAddresses[0]).InTime();
        Assert.That(a.Network.FindConnection(b.Id), Is.SameAs(second), "the younger one is preferred");

        await Task.Delay(limits.SurplusGrace * 5);
        await stream.WriteAsync(new byte[1]).InTime();
        Assert.That(await stream.ReadAsync(new byte[1]).InTime(), Is.EqualTo(1));
        await stream.DisposeAsync();

        await Wait.UntilAsync(() => a.Network.Connections.Count == 1 && b.Network.Connections.Count == 1, "single connection");
        Assert.That(a.Network.Connections[0], Is.SameAs(second));
    }

    [Test]
    public async Task Host_RefusesToListenTwiceWithOneLine()
    {
        Host a = await _hosts.StartAsync();
        IOException? error = await Assert.ThrowsAsync<IOException>(
            () => _hosts.StartAsync(options => options with { Listen = a.Network.ListenAddresses }));

        Assert.That(error!.Message, Is.EqualTo($"cannot listen on {a.Network.ListenAddresses[0]}: the address is in use"));
    }

    [Test]
    public async Task Wildcards_AreResolvedToInterfaces()
    {
        Host host = await _hosts.StartAsync(options => options with { Listen = [Multiaddr.Parse("/ip4/0.0.0.0/tcp/0"), Multiaddr.Parse("/ip6/::/tcp/0")] });

        Assert.That(host.Addresses.Select(address => address.ToString()), Has.None.Contains("0.0.0.0").And.None.Contains("/ip6/::/"));
        Assert.That(host.Addresses.Select(address => address.ToString()), Has.Some.StartsWith("/ip4/127.0.0.1/tcp/"));
    }

    [Test]
    public async Task Stop_TellsRemotesAndIsClean()
    {
        Host[] hosts = await _hosts.StartAsync(3);
        await TestHosts.ConnectAsync(hosts[0], hosts[1]);
        await TestHosts.ConnectAsync(hosts[2], hosts[0]);
        await Wait.UntilAsync(() => hosts[0].Network.Connections.Count == 2, "connections");

        await hosts[0].StopAsync().InTime();

        await Wait.UntilAsync(() => hosts[1].Network.Connections.Count == 0 && hosts[2].Network.Connections.Count == 0, "end at the remotes");
        Assert.That(hosts[0].Completion.IsCompletedSuccessfully, Is.True);
        await Assert.ThrowsAsync<DialException>(() => hosts[1].DialAsync(hosts[0].Addresses[0]).InTime());
        await Assert.ThrowsAsync<DialException>(() => hosts[0].DialAsync(hosts[1].Addresses[0]).InTime());
    }
}
