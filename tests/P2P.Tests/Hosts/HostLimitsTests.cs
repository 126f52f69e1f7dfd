using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>Limits and trimming of whole hosts, over memory instead of sockets and with a clock that the test moves.</summary>
public sealed class HostLimitsTests : MemoryHostTests
{
    [Test]
    public async Task FullHost_GivesUpTheLeastValuableConnectionForANewPeer()
    {
        Host center = await StartAsync(new ConnectionLimits { MaxConnections = 3 });
        Host[] peers = await StartAsync(4);
        foreach (Host peer in peers[..3])
            await ConnectAsync(peer, center);
        center.Network.SetValue(peers[0].Id, "test", 10);
        center.Network.SetValue(peers[1].Id, "test", 0);
        center.Network.SetValue(peers[2].Id, "test", 5);
        center.Network.SetValue(peers[2].Id, "other", -3);
        await Time.AdvanceAsync(TimeSpan.FromMinutes(1));

        await ConnectAsync(peers[3], center);

        await Wait.UntilAsync(() => peers[1].Network.Connections.Count == 0, "trimmed connection");
        Assert.That(PeersOf(center), Is.EquivalentTo(new[] { peers[0].Id, peers[2].Id, peers[3].Id }));
    }

    [Test]
    public async Task FullHost_RefusesStrangersWhileAllItsPeersAreOfWorth()
    {
        Host center = await StartAsync(new ConnectionLimits { MaxConnections = 2 });
        Host[] peers = await StartAsync(3);
        foreach (Host peer in peers[..2])
        {
            await ConnectAsync(peer, center);
            center.Network.SetValue(peer.Id, "test", 1);
        }
        await Time.AdvanceAsync(TimeSpan.FromMinutes(1));

        await TryConnectAsync(peers[2], center);
        await Wait.UntilAsync(() => peers[2].Network.Connections.Count == 0, "refusal");
        Assert.That(PeersOf(center), Is.EquivalentTo(new[] { peers[0].Id, peers[1].Id }));

        await ConnectAsync(center, peers[2]);
        Assert.That(PeersOf(center), Has.Count.EqualTo(2).And.Contain(peers[2].Id), "whom it dials itself it wants");
    }

    [Test]
    public async Task YoungConnections_AreNotTrimmed()
    {
        Host center = await StartAsync(new ConnectionLimits { MaxConnections = 2 });
        Host[] peers = await StartAsync(3);
        foreach (Host peer in peers[..2])
            await ConnectAsync(peer, center);

        await TryConnectAsync(peers[2], center);
        await Wait.UntilAsync(() => peers[2].Network.Connections.Count == 0, "refusal");
        Assert.That(PeersOf(center), Is.EquivalentTo(new[] { peers[0].Id, peers[1].Id }));

        await Time.AdvanceAsync(TimeSpan.FromSeconds(21));
        await ConnectAsync(peers[2], center);
        Assert.That(PeersOf(center), Has.Count.EqualTo(2).And.Contain(peers[2].Id));
    }

    [Test]
    public async Task OnePeer_HasABoundedNumberOfConnections()
    {
        Host center = await StartAsync(new ConnectionLimits { MaxConnectionsPerPeer = 2, SurplusGrace = TimeSpan.FromHours(1) });
        Host peer = await StartAsync(new ConnectionLimits { MaxConnectionsPerPeer = 8, SurplusGrace = TimeSpan.FromHours(1) });

        for (int i = 0; i < 4; i++)
            await TryConnectAsync(peer, center, withId: false);

        await Wait.UntilAsync(() => peer.Network.Connections.Count == 2, "refusals");
        Assert.That(center.Network.Connections, Has.Count.EqualTo(2));
    }

    [TestCase(10, 2, 2)]
    [TestCase(8, null, 7)]
    public async Task InboundShare_LeavesRoomForOwnDials(int total, int? inbound, int expected)
    {
        Host center = await StartAsync(new ConnectionLimits { MaxConnections = total, MaxInboundConnections = inbound });
        Host[] peers = await StartAsync(expected + 2);
        foreach (Host peer in peers[..expected])
            await ConnectAsync(peer, center);
        await TryConnectAsync(peers[expected], center);
        await Wait.UntilAsync(() => peers[expected].Network.Connections.Count == 0, "refusal");

        await ConnectAsync(center, peers[expected + 1]);
        Assert.That(center.Network.Connections, Has.Count.EqualTo(expected + 1));
    }

    [Test]
    public async Task DeadAddress_IsLeftAloneForAWhileAndThenTriedAgain()
    {
        Host[] peers = await StartAsync(2);
        Multiaddr address = peers[1].Network.ListenAddresses[0];
        peers[0].Network.Peers.AddAddresses(peers[1].Id, [address], TimeSpan.FromDays(1));
        Transport.Refuses = _ => true;

        await AssertDialFailsAsync(peers[0], peers[1], "connection refused");
        await AssertDialFailsAsync(peers[0], peers[1], "failed a short time ago");
        Assert.That(Transport.Dials, Has.Count.EqualTo(1));
        await Time.AdvanceAsync(TimeSpan.FromSeconds(1.1));
        await AssertDialFailsAsync(peers[0], peers[1], "connection refused");
        await Time.AdvanceAsync(TimeSpan.FromSeconds(1.1));
        await AssertDialFailsAsync(peers[0], peers[1], "failed a short time ago");

        Transport.Refuses = static _ => false;
        await ConnectAsync(peers[1], peers[0]);
        await peers[1].Network.DisconnectAsync(peers[0].Id).InTime();
        await Wait.UntilAsync(() => peers[0].Network.Connections.Count == 0, "end");
        await peers[0].ConnectAsync(peers[1].Id).InTime();
        Assert.That(peers[0].Network.Connections, Has.Count.EqualTo(1), "a peer that showed up gets a new chance at once");
    }

    [Test]
    public async Task Dial_TakesTheAddressThatAnswers()
    {
        Host[] peers = await StartAsync(2);
        Multiaddr[] addresses =
        [
            Multiaddr.Parse("/ip4/127.0.0.77/tcp/1"), Multiaddr.Parse("/ip4/127.0.0.78/tcp/1"), peers[1].Network.ListenAddresses[0],
        ];
        Transport.Swallows = address => address.Equals(addresses[0]);
        Transport.Refuses = address => address.Equals(addresses[1]);
        peers[0].Network.Peers.AddAddresses(peers[1].Id, addresses, TimeSpan.FromDays(1));

        Task<IPeerConnection> dialling = peers[0].ConnectAsync(peers[1].Id).AsTask();
        await Wait.UntilAsync(Time, TimeSpan.FromMilliseconds(50), () => dialling.IsCompleted, "connection");

        Assert.That((await dialling).RemoteAddress, Is.EqualTo(addresses[2]));
        await Wait.UntilAsync(() => ((Swarm)peers[0].Network).Dialer.Count == 0, "end of all dials");
    }

    [Test]
    public async Task Dial_GivesUpInTime()
    {
        Host[] peers = await StartAsync(2);
        Transport.Swallows = static _ => true;
        Task<IPeerConnection> dialling = peers[0].DialAsync(peers[1].Addresses[0]).AsTask();
        DateTimeOffset start = Time.GetUtcNow();

        await Wait.UntilAsync(Time, TimeSpan.FromMilliseconds(500), () => dialling.IsCompleted, "end");

        await Assert.ThatAsync(() => dialling, Throws.InstanceOf<DialException>().With.Message.Contains("no answer within 6 s"));
        Assert.That(Time.GetUtcNow() - start, Is.LessThan(TimeSpan.FromSeconds(10)));
    }

    [Test]
    public async Task Dial_EndsWithItsCaller()
    {
        Host[] peers = await StartAsync(2);
        Transport.Swallows = static _ => true;
        using CancellationTokenSource caller = new();
        Task<IPeerConnection> dialling = peers[0].DialAsync(peers[1].Addresses[0], caller.Token).AsTask();
        await Wait.UntilAsync(() => !Transport.Dials.IsEmpty, "dial");
        await caller.CancelAsync();

        await Assert.ThatAsync(() => dialling.InTime(), Throws.InstanceOf<OperationCanceledException>());
        await Wait.UntilAsync(() => ((Swarm)peers[0].Network).Dialer.Count == 0, "end of the dial");
    }

    [Test]
    public async Task ConnectionsThatBreak_LeaveNothingBehind()
    {
        Host[] peers = await StartAsync(2);
        for (int i = 0; i < 20; i++)
        {
            await ConnectAsync(peers[0], peers[1]);
            await Wait.UntilAsync(() => peers[1].Network.Connections.Count == 1, "connection");
            Transport.BreakAll();
            await Wait.UntilAsync(() => peers.All(peer => peer.Network.Connections.Count == 0), "end");
        }

        await Wait.UntilAsync(() => peers.All(static peer => Leftovers.Of(peer) == default), "clean end");
        Assert.That(Transport.OpenEnds, Is.Zero);
    }

    [Test]
    public async Task RefusedConnections_AreAcceptedSoManyAtOnce_ThenAFewASecond_AndWhoIsLetInIsNotCounted()
    {
        int asked = 0;
        bool isLetIn = false;
        Host center = await StartAsync(new ConnectionLimits(), options => options with
        {
            InboundFilter = _ =>
            {
                asked++;
                return isLetIn;
            },
        });

        for (int i = 0; i < 3; i++)
            await DialOnlyAsync(center, 50);
        Assert.That(asked, Is.EqualTo(101), "a hundred at once, and one for which it waits");
        await Time.AdvanceAsync(TimeSpan.FromSeconds(0.51));
        Assert.That(asked, Is.EqualTo(101 + 25));

        isLetIn = true;
        await Time.AdvanceAsync(TimeSpan.FromSeconds(0.02));
        Assert.That(asked, Is.EqualTo(150), "all that waited");
    }

    private async Task DialOnlyAsync(Host to, int times)
    {
        for (int i = 0; i < times; i++)
            await Transport.DialAsync(to.Network.ListenAddresses[0], CancellationToken.None);
        await ManualTime.SettleAsync();
    }

    private async Task<Host> StartAsync(ConnectionLimits limits, Func<HostOptions, HostOptions>? change = null)
    {
        HostOptions Change(HostOptions options) => options with
        {
            Transports = [Transport],
            Time = Time,
            Limits = limits,
            Listen = [NextPlace()],
        };
        return await Hosts.StartAsync(options => change?.Invoke(Change(options)) ?? Change(options));
    }

    private async Task<Host[]> StartAsync(int count)
    {
        Host[] hosts = new Host[count];
        for (int i = 0; i < count; i++)
            hosts[i] = await StartAsync(new ConnectionLimits());
        return hosts;
    }

    private static async Task ConnectAsync(Host from, Host to)
    {
        await TestHosts.ConnectAsync(from, to);
        await Wait.UntilAsync(() => to.Network.FindConnection(from.Id) is not null, "connection");
    }

    /// <summary>The end that was dialled may refuse when the dialler believes it has succeeded already.</summary>
    private static async Task TryConnectAsync(Host from, Host to, bool withId = true)
    {
        try
        {
            await from.DialAsync(withId ? to.Addresses[0] : to.Network.ListenAddresses[0]).InTime();
        }
        catch (DialException)
        {
            // Refused.
        }
    }

    private static async Task AssertDialFailsAsync(Host from, Host to, string reason) =>
        await Assert.ThatAsync(() => from.ConnectAsync(to.Id).InTime(), Throws.InstanceOf<DialException>().With.Message.Contains(reason));

    private static IReadOnlyList<P2P.Identity.PeerId> PeersOf(Host host) => [.. host.Network.Connections.Select(connection => connection.RemotePeer)];
}
