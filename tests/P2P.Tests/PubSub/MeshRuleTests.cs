using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Tests.PubSub.Support;

namespace P2PMiner.P2P.Tests.PubSub;

/// <summary>GRAFT, PRUNE, back-off, joining and leaving (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md and v1.1.md).</summary>
public sealed class MeshRuleTests : GossipFixture
{
    private static readonly PubSubOptions NoMeshOfOurOwn = new() { Mesh = new MeshOptions { D = 0, DLow = 0, DHigh = 0, DOut = 0, DScore = 0 } };

    /// <summary>Grafts nobody by itself, but lets itself be grafted.</summary>
    private static readonly PubSubOptions Passive = new() { Mesh = new MeshOptions { D = 6, DLow = 0, DHigh = 12, DOut = 0 } };

    [Test]
    public async Task Hello_ListsTheSubscriptionsInTheFirstRpc()
    {
        TestRouter router = AddRouter(null, "a", "b");

        ScriptedPeer peer = await AddPeerAsync(router, topic: null);

        await Until(() => peer.Received.Count > 0, "hello");
        Assert.That(peer.Received[0].Subscriptions, Is.EqualTo(new[] { new SubscriptionChange("a", true), new SubscriptionChange("b", true) }));
    }

    [Test]
    public async Task Subscription_IsAnnouncedToAllPeersAndSoIsItsEnd()
    {
        TestRouter router = AddRouter();
        ScriptedPeer peer = await AddPeerAsync(router, topic: null);

        ISubscription first = router.Subscribe(Topic);
        ISubscription second = router.Subscribe(Topic);
        await second.DisposeAsync();
        await first.DisposeAsync();
        await first.DisposeAsync();

        await Until(() => peer.Received.Count == 2, "announcements");
        Assert.That(peer.Received.SelectMany(rpc => rpc.Subscriptions),
            Is.EqualTo(new[] { new SubscriptionChange(Topic, true), new SubscriptionChange(Topic, false) }));
        Assert.That(router.Service.Topics, Is.Empty);
    }

    [Test]
    public async Task NewSubscriber_IsGraftedAtOnceWhileTheMeshIsShort()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer[] peers = await AddPeersAsync(router, 5);

        await Until(() => peers.Count(peer => peer.Grafts.Contains(Topic)) == 4, "four grafts, which is DLow");
        Assert.That(router.Service.MeshPeers(Topic), Has.Count.EqualTo(4));
        Assert.That(peers[4].Grafts, Is.Empty);
    }

    [Test]
    public async Task Joining_GraftsUpToD()
    {
        TestRouter router = AddRouter();
        ScriptedPeer[] peers = await AddPeersAsync(router, 9);

        router.Subscribe(Topic);

        await Until(() => peers.Count(peer => peer.Grafts.Contains(Topic)) == 6, "six grafts");
        Assert.That(router.Service.MeshPeers(Topic), Has.Count.EqualTo(6));
    }

    [Test]
    public async Task Heartbeat_FillsAShortMeshUpToD()
    {
        TestRouter router = AddRouter();
        ScriptedPeer[] peers = await AddPeersAsync(router, 9);
        router.Subscribe(Topic);
        for (int left = 6; left >= 4; left--)
            await peers.First(peer => router.Service.MeshPeers(Topic).Contains(peer.Id)).PruneAsync(Topic, 60);
        Assert.That(router.Service.MeshPeers(Topic), Has.Count.EqualTo(3));

        await HeartbeatAsync(router);

        Assert.That(router.Service.MeshPeers(Topic), Has.Count.EqualTo(6));
    }

    [Test]
    public async Task Heartbeat_CutsAMeshAboveDHighDownToDAndKeepsTheBest()
    {
        TestRouter router = AddRouter(Scored(), Topic);
        ScriptedPeer[] peers = await AddPeersAsync(router, 12);
        ScriptedPeer[] dialled = await AddPeersAsync(router, 2, dialledByRouter: true);
        foreach (ScriptedPeer peer in peers.Concat(dialled))
            await peer.GraftAsync(Topic);
        foreach (ScriptedPeer best in peers[^4..])
            SetScore(best, 5);
        Assert.That(router.Service.MeshPeers(Topic), Has.Count.EqualTo(14));

        await HeartbeatAsync(router);

        IReadOnlyList<PeerId> mesh = router.Service.MeshPeers(Topic);
        Assert.Multiple(() =>
        {
            Assert.That(mesh, Has.Count.EqualTo(6));
            Assert.That(mesh, Is.SupersetOf(peers[^4..].Select(peer => peer.Id)), "the best four");
            Assert.That(mesh, Is.SupersetOf(dialled.Select(peer => peer.Id)), "those that we dialled");
        });
        await Until(() => peers.Concat(dialled).Sum(peer => peer.Prunes.Count) == 8, "PRUNE to the others");
    }

    [Test]
    public async Task Heartbeat_FillsTheQuotaOfPeersThatWeDialled()
    {
        TestRouter router = AddRouter(null, Topic);
        await AddPeersAsync(router, 4);
        ScriptedPeer[] dialled = await AddPeersAsync(router, 3, dialledByRouter: true);
        Assert.That(router.Service.MeshPeers(Topic), Has.Count.EqualTo(4));

        await HeartbeatAsync(router);

        Assert.That(router.Service.MeshPeers(Topic).Intersect(dialled.Select(peer => peer.Id)).Count(), Is.EqualTo(2));
    }

    [Test]
    public async Task Heartbeat_PrunesPeersOfNegativeScoreWithoutNamingOthers()
    {
        TestRouter router = AddRouter(Scored() with { PeerExchange = true }, Topic);
        ScriptedPeer[] peers = await AddPeersAsync(router, 2);
        SetScore(peers[0], -1);

        await HeartbeatAsync(router);

        await Until(() => peers[0].Prunes.Count == 1, "PRUNE");
        Assert.That(peers[0].Prunes[0].Peers, Is.Empty);
        Assert.That(router.Service.MeshPeers(Topic), Is.EqualTo(new[] { peers[1].Id }));
    }

    [Test]
    public async Task OpportunisticGraft_AddsPeersAboveTheMedianOnceAMinute()
    {
        TestRouter router = AddRouter(Scored(), Topic);
        await AddPeersAsync(router, 4);
        ScriptedPeer[] better = await AddPeersAsync(router, 3);
        ScriptedPeer equal = await AddPeerAsync(router);
        foreach (ScriptedPeer peer in better)
            SetScore(peer, 3);

        await HeartbeatAsync(router, 59);
        Assert.That(router.Service.MeshPeers(Topic), Has.Count.EqualTo(4));
        await HeartbeatAsync(router);

        IReadOnlyList<PeerId> mesh = router.Service.MeshPeers(Topic);
        Assert.That(mesh, Has.Count.EqualTo(6));
        Assert.That(mesh.Intersect(better.Select(peer => peer.Id)).Count(), Is.EqualTo(2));
        Assert.That(mesh, Has.No.Member(equal.Id));
    }

    [Test]
    public async Task Graft_IsAcceptedAndReported()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);

        await peer.GraftAsync(Topic);

        Assert.That(router.Service.MeshPeers(Topic), Is.EqualTo(new[] { peer.Id }));
        Assert.That(router.Trace.Of("graft").Select(entry => (entry.Topic, entry.Direction)), Is.EqualTo(new[] { (Topic, (Direction?)Direction.Inbound) }));
    }

    [Test]
    public async Task Graft_ForATopicThatWeAreNotInIsNotAnswered()
    {
        TestRouter router = AddRouter();
        ScriptedPeer peer = await AddPeerAsync(router);

        await peer.GraftAsync(Topic);
        await peer.GraftAsync("unheard of");

        await Time.AdvanceAsync(TimeSpan.FromSeconds(2));
        Assert.That(peer.Prunes, Is.Empty);
        Assert.That(router.Service.Score(peer.Id), Is.Zero);
    }

    [Test]
    public async Task Graft_DuringTheBackoffIsPrunedAndPenalisedTwiceIfItComesAtOnce()
    {
        TestRouter router = AddRouter(Scored(Passive), Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        await peer.PruneAsync(Topic, 60);

        await peer.GraftAsync(Topic);

        await Until(() => peer.Prunes.Count == 1, "PRUNE");
        Assert.Multiple(() =>
        {
            Assert.That(peer.Prunes[0].BackoffSeconds, Is.EqualTo(60));
            Assert.That(router.Service.MeshPeers(Topic), Is.Empty);
            Assert.That(router.Service.Score(peer.Id), Is.EqualTo(-10 * 2 * 2), "P7 of 2, squared, times -10");
        });
    }

    [Test]
    public async Task Graft_LateInTheBackoffIsPenalisedOnceAndTheBackoffStartsAgain()
    {
        TestRouter router = AddRouter(Scored(Passive), Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        await peer.PruneAsync(Topic, 60);
        await Time.AdvanceAsync(TimeSpan.FromSeconds(59));

        await peer.GraftAsync(Topic);
        Assert.That(router.Service.Score(peer.Id), Is.EqualTo(-10));
        await Time.AdvanceAsync(TimeSpan.FromSeconds(59));
        await peer.GraftAsync(Topic);
        Assert.That(router.Service.Score(peer.Id), Is.EqualTo(-10), "still during the back-off, and the first penalty has decayed");
        await Time.AdvanceAsync(TimeSpan.FromSeconds(61));
        await peer.GraftAsync(Topic);

        Assert.That(router.Service.MeshPeers(Topic), Is.EqualTo(new[] { peer.Id }));
    }

    [Test]
    public async Task Graft_OfAPeerOfNegativeScoreIsPruned()
    {
        TestRouter router = AddRouter(Scored(Passive), Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        SetScore(peer, -0.1);

        await peer.GraftAsync(Topic);

        await Until(() => peer.Prunes.Count == 1, "PRUNE");
        Assert.That(router.Service.MeshPeers(Topic), Is.Empty);
    }

    [Test]
    public async Task Graft_IntoAFullMeshIsTakenFromPeersThatWeDialledOnly()
    {
        TestRouter router = AddRouter(new PubSubOptions { Mesh = new MeshOptions { D = 2, DLow = 2, DHigh = 2, DOut = 1, DScore = 1 } }, Topic);
        await AddPeersAsync(router, 2);
        ScriptedPeer inbound = await AddPeerAsync(router);
        ScriptedPeer outbound = await AddPeerAsync(router, dialledByRouter: true);

        await inbound.GraftAsync(Topic);
        await outbound.GraftAsync(Topic);

        await Until(() => inbound.Prunes.Count == 1, "PRUNE");
        Assert.That(router.Service.MeshPeers(Topic), Has.Count.EqualTo(3).And.Member(outbound.Id));
    }

    [Test]
    public async Task Graft_OfADirectPeerIsPruned()
    {
        P2P.Tests.Support.TestNetwork network = Swarm.Add();
        TestRouter router = AddRouter(new PubSubOptions { DirectPeers = [network.LocalPeer] }, Topic);
        ScriptedPeer direct = new(network);
        await direct.ConnectAsync(router);
        await direct.SubscribeAsync(Topic);

        await direct.GraftAsync(Topic);

        await Until(() => direct.Prunes.Count == 1, "PRUNE");
        Assert.That(direct.Grafts, Is.Empty);
        await router.Service.PublishAsync(Topic, new byte[1]);
        await Until(() => direct.Messages.Count == 1, "message, although it is in no mesh");
    }

    [Test]
    public async Task PeerThatNeverMeshes_GraftsNobodyAndRefusesEveryone()
    {
        TestRouter router = AddRouter(NoMeshOfOurOwn, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        ScriptedPeer dialled = await AddPeerAsync(router, dialledByRouter: true);
        await HeartbeatAsync(router, 2);

        await peer.GraftAsync(Topic);
        await dialled.GraftAsync(Topic);

        await Until(() => peer.Prunes.Count == 1 && dialled.Prunes.Count == 1, "PRUNE");
        Assert.That(peer.Grafts.Concat(dialled.Grafts), Is.Empty);
        Assert.That(router.Service.MeshPeers(Topic), Is.Empty);
    }

    [Test]
    public async Task MeshOfOne_HoldsOnePeer()
    {
        TestRouter router = AddRouter(new PubSubOptions { Mesh = new MeshOptions { D = 1, DLow = 1, DHigh = 1, DOut = 0, DScore = 1 } }, Topic);
        ScriptedPeer[] peers = await AddPeersAsync(router, 3);
        foreach (ScriptedPeer peer in peers)
            await peer.GraftAsync(Topic);
        await HeartbeatAsync(router, 3);

        Assert.That(router.Service.MeshPeers(Topic), Has.Count.EqualTo(1));
        await Until(() => peers.Sum(peer => peer.Prunes.Count) == 2, "PRUNE to the others");
    }

    [Test]
    public async Task Prune_IsObeyedForItsSecondsAndOneHeartbeatMore()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        await HeartbeatAsync(router);
        peer.Forget();

        await peer.PruneAsync(Topic, 5);
        Assert.That(router.Service.MeshPeers(Topic), Is.Empty);
        await Time.AdvanceAsync(TimeSpan.FromSeconds(5.9));
        Assert.That(peer.Grafts, Is.Empty);
        await Time.AdvanceAsync(TimeSpan.FromSeconds(1.2));

        await Until(() => peer.Grafts.Count == 1, "GRAFT");
    }

    [TestCase(null)]
    [TestCase(0UL)]
    public async Task Prune_WithoutSecondsMeansAMinute(ulong? seconds)
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        peer.Forget();

        await peer.PruneAsync(Topic, seconds);
        await Time.AdvanceAsync(TimeSpan.FromSeconds(60));
        Assert.That(peer.Grafts, Is.Empty);
        await Time.AdvanceAsync(TimeSpan.FromSeconds(3));

        await Until(() => peer.Grafts.Count == 1, "GRAFT");
    }

    [Test]
    public async Task Prune_WithAnAbsurdBackoffIsHeldForAnHourAtMost()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);

        await peer.PruneAsync(Topic, ulong.MaxValue);

        TimeSpan expiry = router.Service.Inspect(parts => parts.Topics.Find(Topic)!.Backoffs.ExpiryOf(peer.Id));
        Assert.That(expiry - Time.Monotonic(), Is.EqualTo(TimeSpan.FromHours(1)));
    }

    [Test]
    public async Task Unsubscribing_PrunesTheMeshWithTenSecondsAndIsHeldByOurselves()
    {
        TestRouter router = AddRouter();
        ISubscription subscription = router.Subscribe(Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        await Until(() => peer.Grafts.Count == 1, "GRAFT");
        peer.Forget();

        await subscription.DisposeAsync();
        await Until(() => peer.Prunes.Count == 1, "PRUNE");
        Assert.That(peer.Prunes[0].BackoffSeconds, Is.EqualTo(10));
        Assert.That(peer.Received[0].Subscriptions, Is.EqualTo(new[] { new SubscriptionChange(Topic, false) }));
        router.Subscribe(Topic);
        await Time.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.That(peer.Grafts, Is.Empty);
        await Time.AdvanceAsync(TimeSpan.FromSeconds(3));

        await Until(() => peer.Grafts.Count == 1, "GRAFT");
    }

    [Test]
    public async Task Prune_ToAPeerOfVersion10HasNoBackoff()
    {
        TestRouter router = AddRouter();
        ISubscription subscription = router.Subscribe(Topic);
        ScriptedPeer peer = await AddPeerAsync(router, protocol: PubSubOptions.Version10);
        await subscription.DisposeAsync();

        await Until(() => peer.Prunes.Count == 1, "PRUNE");
        Assert.That(peer.Prunes[0].BackoffSeconds, Is.Null);
    }

    [Test]
    public async Task PeerThatUnsubscribes_LeavesTheMesh()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        Assert.That(router.Service.MeshPeers(Topic), Is.EqualTo(new[] { peer.Id }));

        await peer.UnsubscribeAsync(Topic);

        Assert.That(router.Service.MeshPeers(Topic), Is.Empty);
        Assert.That(router.Service.Subscribers(Topic), Is.Empty);
    }

    [Test]
    public async Task Trace_HasTheRpcBeforeAllThatItCauses()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router, topic: null);
        router.Trace.Clear();

        await peer.SubscribeAsync(Topic);

        Assert.That(router.Trace.Events.Select(entry => entry.Kind), Is.EqualTo(new[] { "in", "subscription", "out", "graft" }));
    }

    [Test]
    public async Task MeshPeers_AreWorthMoreToTheNetwork()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        await HeartbeatAsync(router);
        Assert.That(router.Network.ValueOf(peer.Id, "pubsub"), Is.EqualTo(100));

        await peer.UnsubscribeAsync(Topic);
        await HeartbeatAsync(router);

        Assert.That(router.Network.ValueOf(peer.Id, "pubsub"), Is.Zero);
    }

    [Test]
    public void MeshOptions_ThatContradictEachOtherAreRefused()
    {
        MeshOptions[] wrong =
        [
            new() { DLow = 7 }, new() { DHigh = 5 }, new() { DOut = 4 }, new() { D = 3, DLow = 3, DOut = 2 }, new() { D = -1, DLow = -1 },
        ];
        foreach (MeshOptions options in wrong)
            Assert.That(options.Validate, Throws.ArgumentException, options.ToString());
        Assert.That(NoMeshOfOurOwn.Validate, Throws.Nothing);
    }

}
