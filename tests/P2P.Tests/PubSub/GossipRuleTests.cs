using System.Text;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.Tests.PubSub.Support;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub;

/// <summary>IHAVE, IWANT, promises, IDONTWANT, flood publishing and fanout (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md to v1.2.md).</summary>
public sealed class GossipRuleTests : GossipFixture
{
    private static readonly byte[] Large = new byte[512];

    private static readonly PubSubOptions MeshOnly = new() { FloodPublish = false };

    /// <summary>Meshes with nobody but those who graft it.</summary>
    private static readonly PubSubOptions Passive = new() { Mesh = new MeshOptions { D = 6, DLow = 0, DHigh = 12, DOut = 0 } };

    [Test]
    public async Task IHave_OfAnUnseenIdIsAskedForInTopicsThatWeMeshIn()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);

        await peer.SendAsync(batch =>
        {
            batch.IHaves.Add((Bytes("other"), [Bytes("not ours")]));
            batch.IHaves.Add((Bytes(Topic), [Bytes("a"), Bytes("b")]));
        });

        await Until(() => peer.IWant.Count == 2, "IWANT");
        Assert.That(peer.IWant.Select(Encoding.UTF8.GetString), Is.EquivalentTo(new[] { "a", "b" }));
    }

    [Test]
    public async Task IHave_OfASeenIdIsNotAskedFor()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        GossipMessage message = peer.NewMessage(Topic, [1]);
        await peer.SendAsync(message);
        await Until(() => router.ReceivedCount == 1, "message");

        await peer.SendIHaveAsync(Topic, message.Id, Bytes("unseen"));

        await Until(() => peer.IWant.Count > 0, "IWANT");
        Assert.That(peer.IWant.Select(Encoding.UTF8.GetString), Is.EqualTo(new[] { "unseen" }));
    }

    [Test]
    public async Task IHave_BelowTheGossipThresholdIsIgnored()
    {
        TestRouter router = AddRouter(Scored(), Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        SetScore(peer, -10.1);

        await peer.SendIHaveAsync(Topic, Bytes("a"));

        await Time.AdvanceAsync(TimeSpan.FromMilliseconds(50));
        Assert.That(peer.IWant, Is.Empty);
    }

    [Test]
    public async Task IHave_IsAnsweredTenTimesAHeartbeat()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        for (int i = 0; i < 12; i++)
            await peer.SendIHaveAsync(Topic, Bytes($"id {i}"));
        await Until(() => peer.IWant.Count >= 10, "IWANT");
        Assert.That(peer.IWant, Has.Count.EqualTo(10));

        await HeartbeatAsync(router);
        await peer.SendIHaveAsync(Topic, Bytes("another"));

        await Until(() => peer.IWant.Count == 11, "IWANT after the heartbeat");
    }

    [Test]
    public async Task IHave_LeadsToFiveThousandRequestsAHeartbeatAtMost()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        byte[][] ids = [.. Enumerable.Range(0, 4000).Select(number => Bytes($"{number}"))];

        await peer.SendIHaveAsync(Topic, ids);
        await peer.SendIHaveAsync(Topic, [.. ids.Select(id => (byte[])[.. id, 0])]);
        await peer.SendIHaveAsync(Topic, Bytes("one more"));

        await Until(() => peer.IWant.Count >= 5000, "IWANT");
        Assert.That(peer.IWant, Has.Count.EqualTo(5000));
        Assert.That(peer.IWant.Take(4000), Is.Not.EqualTo(ids), "asked for in random order");
    }

    [Test]
    public async Task Promise_ThatIsBrokenIsPenalised()
    {
        TestRouter router = AddRouter(Scored(), Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        await HeartbeatAsync(router);

        await peer.SendIHaveAsync(Topic, Bytes("a"), Bytes("b"));
        await HeartbeatAsync(router, 3);
        Assert.That(router.Service.Score(peer.Id), Is.Zero, "three seconds are not over");
        await HeartbeatAsync(router);

        Assert.That(router.Service.Score(peer.Id), Is.EqualTo(-10));
        Assert.That(router.Service.Inspect(parts => parts.Promises.Count), Is.Zero);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Promise_IsKeptByWhoeverSendsTheMessage(bool bySamePeer)
    {
        TestRouter router = AddRouter(Scored(), Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        ScriptedPeer other = await AddPeerAsync(router);
        GossipMessage message = peer.NewMessage(Topic, [1]);

        await peer.SendIHaveAsync(Topic, message.Id);
        await (bySamePeer ? peer : other).SendAsync(message);
        await Until(() => router.ReceivedCount == 1, "message");
        await HeartbeatAsync(router, 6);

        Assert.That(router.Service.Score(peer.Id), Is.Zero);
    }

    [Test]
    public async Task IWant_IsAnsweredThreeTimes()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer author = await AddPeerAsync(router);
        ScriptedPeer asking = await AddPeerAsync(router);
        GossipMessage message = author.NewMessage(Topic, [1]);
        await author.SendAsync(message);
        await Until(() => router.ReceivedCount == 1, "message");

        for (int i = 0; i < 5; i++)
            await asking.SendIWantAsync(message.Id);

        await Until(() => asking.Messages.Count >= 3, "answers");
        await Time.AdvanceAsync(TimeSpan.FromMilliseconds(50));
        Assert.That(asking.Messages, Has.Count.EqualTo(3));
        Assert.That(asking.Messages[0].Signature, Is.EqualTo(message.Signature.ToArray()));
    }

    [Test]
    public async Task IWant_IsAnsweredForFiveHeartbeats()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer author = await AddPeerAsync(router);
        ScriptedPeer asking = await AddPeerAsync(router);
        GossipMessage message = author.NewMessage(Topic, [1]);
        await author.SendAsync(message);
        await Until(() => router.ReceivedCount == 1, "message");

        await HeartbeatAsync(router, 4);
        await asking.SendIWantAsync(message.Id);
        await Until(() => asking.Messages.Count == 1, "answer");
        await HeartbeatAsync(router);
        await asking.SendIWantAsync(message.Id);
        await Time.AdvanceAsync(TimeSpan.FromMilliseconds(50));

        Assert.That(asking.Messages, Has.Count.EqualTo(1));
        Assert.That(router.Service.Inspect(parts => parts.Cache.Count), Is.Zero);
    }

    [Test]
    public async Task Gossip_GoesToPeersOutsideTheMeshForThreeHeartbeats()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer author = await AddPeerAsync(router);
        ScriptedPeer meshed = await AddPeerAsync(router);
        ScriptedPeer outside = await AddPeerAsync(router);
        await meshed.GraftAsync(Topic);
        GossipMessage message = author.NewMessage(Topic, [1]);
        await author.SendAsync(message);
        await Until(() => meshed.Messages.Count == 1, "message in the mesh");

        await HeartbeatAsync(router, 5);

        await Until(() => outside.IHave.Count >= 3, "IHAVE");
        Assert.Multiple(() =>
        {
            Assert.That(outside.IHave, Has.Count.EqualTo(3).And.All.EqualTo(message.Id));
            Assert.That(meshed.IHave, Is.Empty);
            Assert.That(outside.Messages, Is.Empty);
        });
    }

    [Test]
    public async Task Gossip_OfARareTopicComesAtEveryThirdHeartbeat_WithEachMessageOnce()
    {
        TestRouter router = AddRouter(Passive with { Gossip = new GossipOptions { RareTopics = new HashSet<string> { Topic } } }, Topic);
        ScriptedPeer author = await AddPeerAsync(router, topic: null);
        ScriptedPeer outside = await AddPeerAsync(router);
        GossipMessage[] messages = [.. Enumerable.Range(0, 6).Select(number => author.NewMessage(Topic, [(byte)number]))];
        HashSet<int> counts = [];
        for (int i = 0; i < messages.Length; i++)
        {
            await author.SendAsync(messages[i]);
            await Until(() => router.ReceivedCount == i + 1, "message");
            await HeartbeatAsync(router);
            counts.Add(outside.IHave.Count);
        }
        await HeartbeatAsync(router, 3);

        await Until(() => outside.IHave.Count >= messages.Length, "IHAVE");
        Assert.That(outside.IHave, Is.EquivalentTo(messages.Select(message => message.Id)));
        Assert.That(counts.Count, Is.LessThanOrEqualTo(3), "not at every heartbeat");
    }

    [TestCase(8, 6, TestName = "Gossip_GoesToDLazyPeersOfFew")]
    [TestCase(28, 7, TestName = "Gossip_GoesToAQuarterOfManyPeers")]
    public async Task Gossip_GoesTo(int peers, int told)
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer author = await AddPeerAsync(router, topic: null);
        ScriptedPeer[] others = await AddPeersAsync(router, peers);
        await author.SendAsync(author.NewMessage(Topic, [1]));
        await Until(() => router.ReceivedCount == 1, "message");

        await HeartbeatAsync(router);

        await Until(() => others.Sum(peer => peer.IHave.Count) >= told, "IHAVE");
        Assert.That(others.Sum(peer => peer.IHave.Count), Is.EqualTo(told));
    }

    [Test]
    public async Task Gossip_OfSeveralTopicsGoesToTheSamePeers()
    {
        const string Other = "other";
        TestRouter router = AddRouter(Passive, Topic, Other);
        ScriptedPeer author = await AddPeerAsync(router, topic: null);
        ScriptedPeer[] others = await AddPeersAsync(router, 12);
        foreach (ScriptedPeer peer in others)
            await peer.SubscribeAsync(Other);
        await author.SendAsync(author.NewMessage(Topic, [1]));
        await author.SendAsync(author.NewMessage(Other, [2]));
        await Until(() => router.ReceivedCount == 2, "messages");

        await HeartbeatAsync(router);

        await Until(() => others.Sum(peer => peer.IHave.Count) == 12, "IHAVE");
        Assert.That(others.Select(peer => peer.IHave.Count), Is.All.AnyOf(0, 2), "six peers, one RPC each");
    }

    [Test]
    public async Task IDontWant_GoesToTheMeshAtOnceAndNotToTheSender()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer sender = await AddPeerAsync(router);
        ScriptedPeer meshed = await AddPeerAsync(router);
        ScriptedPeer old = await AddPeerAsync(router, protocol: PubSubOptions.Version11);
        ScriptedPeer outside = await AddPeerAsync(router);
        foreach (ScriptedPeer peer in new[] { sender, meshed, old })
            await peer.GraftAsync(Topic);
        TaskCompletionSource<Verdict> verdict = new();
        router.Service.SetValidator(Topic, (_, _) => new ValueTask<Verdict>(verdict.Task));
        GossipMessage message = sender.NewMessage(Topic, Large);

        await sender.SendAsync(message);

        await Until(() => meshed.IDontWant.Count == 1, "IDONTWANT before the validator has decided");
        Assert.That(meshed.IDontWant[0], Is.EqualTo(message.Id));
        Assert.That(meshed.Messages, Is.Empty);
        verdict.SetResult(Verdict.Accept);
        await Until(() => meshed.Messages.Count == 1 && old.Messages.Count == 1, "message");
        Assert.That(sender.IDontWant.Concat(old.IDontWant).Concat(outside.IDontWant), Is.Empty);
    }

    [Test]
    public async Task IDontWant_IsNotSentForSmallMessages()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer sender = await AddPeerAsync(router);
        ScriptedPeer meshed = await AddPeerAsync(router);
        await meshed.GraftAsync(Topic);

        await sender.SendAsync(sender.NewMessage(Topic, new byte[511]));

        await Until(() => meshed.Messages.Count == 1, "message");
        Assert.That(meshed.IDontWant, Is.Empty);
    }

    [Test]
    public async Task IDontWant_IsHonouredWhenForwardingAndWhenAskedLater()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer sender = await AddPeerAsync(router);
        ScriptedPeer declining = await AddPeerAsync(router);
        ScriptedPeer willing = await AddPeerAsync(router);
        await declining.GraftAsync(Topic);
        await willing.GraftAsync(Topic);
        GossipMessage message = sender.NewMessage(Topic, [1]);

        await declining.SendIDontWantAsync(message.Id);
        await sender.SendAsync(message);
        await Until(() => willing.Messages.Count == 1, "message to the other");
        await declining.SendIWantAsync(message.Id);
        await Time.AdvanceAsync(TimeSpan.FromMilliseconds(50));
        Assert.That(declining.Messages, Is.Empty);
    }

    [Test]
    public async Task IDontWant_IsForgottenAfterFiveHeartbeatsAndLimitedInEach()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);

        await peer.SendIDontWantAsync([.. Enumerable.Range(0, 600).Select(number => Bytes($"{number}"))]);
        Assert.That(DeclinedBy(router, peer), Is.EqualTo(512));
        await HeartbeatAsync(router);
        await peer.SendIDontWantAsync(Bytes("another"));
        Assert.That(DeclinedBy(router, peer), Is.EqualTo(513));
        await HeartbeatAsync(router, 5);
        Assert.That(DeclinedBy(router, peer), Is.EqualTo(1));
        await HeartbeatAsync(router);

        Assert.That(DeclinedBy(router, peer), Is.Zero);
    }

    [Test]
    public async Task MessageThatCrossesAnIDontWant_IsNotPenalised()
    {
        TestRouter router = AddRouter(Scored(Passive), Topic);
        ScriptedPeer first = await AddPeerAsync(router);
        ScriptedPeer second = await AddPeerAsync(router);
        await second.GraftAsync(Topic);
        GossipMessage message = first.NewMessage(Topic, Large);
        await first.SendAsync(message);
        await Until(() => second.IDontWant.Count == 1, "IDONTWANT");

        await second.SendAsync(message);

        Assert.That(router.Service.Score(second.Id), Is.Zero);
    }

    [Test]
    public async Task FloodPublishing_ReachesAllSubscribersAboveTheThreshold()
    {
        TestRouter router = AddRouter(Scored(), Topic);
        ScriptedPeer[] peers = await AddPeersAsync(router, 14);
        ScriptedPeer bad = await AddPeerAsync(router);
        ScriptedPeer elsewhere = await AddPeerAsync(router, topic: "other");
        SetScore(bad, -50.1);
        SetScore(peers[0], -49.9);

        IReadOnlyList<PeerId> recipients = await router.Service.PublishAsync(Topic, new byte[1]);

        Assert.That(recipients, Is.EquivalentTo(peers.Select(peer => peer.Id)));
        await Until(() => peers.All(peer => peer.Messages.Count == 1), "messages");
        Assert.That(bad.Messages.Concat(elsewhere.Messages), Is.Empty);
    }

    [Test]
    public async Task PublishingToTheMeshOnly_ReachesTheMeshAndIsToppedUpToD()
    {
        TestRouter router = AddRouter(MeshOnly, Topic);
        ScriptedPeer[] peers = await AddPeersAsync(router, 12);
        Assert.That(router.Service.MeshPeers(Topic), Has.Count.EqualTo(4));

        IReadOnlyList<PeerId> recipients = await router.Service.PublishAsync(Topic, new byte[1]);

        Assert.That(recipients, Has.Count.EqualTo(6).And.SupersetOf(router.Service.MeshPeers(Topic)));
        await Until(() => peers.Sum(peer => peer.Messages.Count) == 6, "messages");
    }

    [Test]
    public async Task Fanout_KeepsItsPeersForAMinuteAfterTheLastMessage()
    {
        TestRouter router = AddRouter(MeshOnly);
        await AddPeersAsync(router, 12);

        IReadOnlyList<PeerId> first = await router.Service.PublishAsync(Topic, new byte[1]);
        await Time.AdvanceAsync(TimeSpan.FromSeconds(50));
        IReadOnlyList<PeerId> second = await router.Service.PublishAsync(Topic, new byte[1]);
        await Time.AdvanceAsync(TimeSpan.FromSeconds(59));
        Assert.That(router.Service.Inspect(parts => parts.Topics.Find(Topic)!.Fanout), Is.Not.Null);
        await Time.AdvanceAsync(TimeSpan.FromSeconds(3));

        Assert.Multiple(() =>
        {
            Assert.That(first, Has.Count.EqualTo(6));
            Assert.That(second, Is.EquivalentTo(first));
            Assert.That(router.Service.Inspect(parts => parts.Topics.Find(Topic)!.Fanout), Is.Null);
        });
    }

    [Test]
    public async Task Fanout_IsRefilledAndBecomesTheMeshOnSubscribing()
    {
        TestRouter router = AddRouter(MeshOnly);
        ScriptedPeer[] peers = await AddPeersAsync(router, 7);
        await router.Service.PublishAsync(Topic, new byte[1]);
        PeerId[] fanout = Fanout(router);
        await peers.First(peer => fanout.Contains(peer.Id)).UnsubscribeAsync(Topic);
        Assert.That(Fanout(router), Has.Length.EqualTo(5));
        await HeartbeatAsync(router);
        Assert.That(Fanout(router), Has.Length.EqualTo(6));
        fanout = Fanout(router);

        router.Subscribe(Topic);

        Assert.That(router.Service.MeshPeers(Topic), Is.EquivalentTo(fanout));
        await Until(() => peers.Sum(peer => peer.Grafts.Count) == 6, "one GRAFT to each");
        await ManualTime.SettleAsync();
        Assert.That(peers.Select(peer => peer.Grafts.Count), Is.All.LessThanOrEqualTo(1));
    }

    [Test]
    public async Task Fanout_IsGossipedAbout()
    {
        TestRouter router = AddRouter(MeshOnly);
        ScriptedPeer[] peers = await AddPeersAsync(router, 12);
        await router.Service.PublishAsync(Topic, new byte[1]);

        await HeartbeatAsync(router);

        await Until(() => peers.Sum(peer => peer.IHave.Count) == 6, "IHAVE to those outside of the fanout");
        Assert.That(peers.All(peer => peer.IHave.Count + peer.Messages.Count == 1));
    }

    [Test]
    public async Task Publishing_ToNobodyIsNoErrorAndTheMessageIsStillAnnounced()
    {
        TestRouter router = AddRouter(null, Topic);

        Assert.That(await router.Service.PublishAsync(Topic, new byte[1]), Is.Empty);
        ScriptedPeer late = await AddPeerAsync(router, topic: null);
        await HeartbeatAsync(router);
        await late.SubscribeAsync(Topic);
        await late.PruneAsync(Topic, 60);
        await HeartbeatAsync(router);

        await Until(() => late.IHave.Count > 0, "IHAVE");
        await late.SendIWantAsync(late.IHave[0]);
        await Until(() => late.Messages.Count == 1, "message");
    }

    [Test]
    public void Publishing_TooMuchDataOrToNoTopicIsRefused()
    {
        TestRouter router = AddRouter();

        Assert.That(async () => await router.Service.PublishAsync(Topic, new byte[(64 * 1024) + 1]), Throws.ArgumentException);
        Assert.That(async () => await router.Service.PublishAsync("", new byte[1]), Throws.ArgumentException);
        Assert.That(async () => await router.Service.PublishAsync(new string('t', 513), new byte[1]), Throws.ArgumentException);
    }

    private static int DeclinedBy(TestRouter router, ScriptedPeer peer) =>
        router.Service.Inspect(parts => parts.Peers.Find(peer.Id)!.Declined.Count);

    private static PeerId[] Fanout(TestRouter router) =>
        router.Service.Inspect(parts => parts.Topics.Find(Topic)!.Fanout!.Peers.Select(peer => peer.Id).ToArray());

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
