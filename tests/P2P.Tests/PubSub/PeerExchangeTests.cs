using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Tests.PubSub.Support;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub;

/// <summary>Peers in PRUNE (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "PRUNE Backoff and Peer Exchange").</summary>
public sealed class PeerExchangeTests : GossipFixture
{
    private static readonly PubSubOptions Exchanging = new() { PeerExchange = true };

    [Test]
    public async Task Prune_NamesOtherSubscribersWithTheirRecordsButNoneOfNegativeScore()
    {
        TestRouter router = AddRouter(Scored(Exchanging));
        ISubscription subscription = router.Subscribe(Topic);
        ScriptedPeer pruned = await AddPeerAsync(router);
        ScriptedPeer good = await AddPeerAsync(router);
        ScriptedPeer bad = await AddPeerAsync(router);
        await AddPeerAsync(router, topic: "other");
        SetScore(bad, -1);
        byte[] record = Record(good.Network);
        router.Service.Inspect(parts => parts.Peers.Find(good.Id)!.SignedRecord = record);

        await subscription.DisposeAsync();

        await Until(() => pruned.Prunes.Count == 1, "PRUNE");
        RpcPeerInfo info = pruned.Prunes[0].Peers.Single();
        Assert.That(info.Peer, Is.EqualTo(good.Id.Bytes.ToArray()));
        Assert.That(info.HasSignedRecord, Is.True);
    }

    [Test]
    public async Task Prune_NamesNobodyUnlessWanted()
    {
        TestRouter router = AddRouter();
        ISubscription subscription = router.Subscribe(Topic);
        ScriptedPeer[] peers = await AddPeersAsync(router, 3);

        await subscription.DisposeAsync();

        await Until(() => peers.All(peer => peer.Prunes.Count == 1), "PRUNE");
        Assert.That(peers.SelectMany(peer => peer.Prunes[0].Peers), Is.Empty);
    }

    [Test]
    public async Task NamedPeer_IsConnectedToIfWhoNamesItIsTrusted()
    {
        TestRouter router = AddRouter(Scored(Exchanging), Topic);
        ScriptedPeer naming = await AddPeerAsync(router);
        SetScore(naming, 10);
        TestNetwork named = Swarm.Add();
        _ = new ScriptedPeer(named);

        await PruneAsync(naming, named.LocalPeer, Record(named));

        await Until(() => router.Network.FindConnection(named.LocalPeer) is not null, "connection");
    }

    [TestCase(true, 9.9, TestName = "NamedPeer_IsNotConnectedToIfWhoNamesItIsNotTrusted")]
    [TestCase(false, 100, TestName = "NamedPeer_IsNotConnectedToUnlessWanted")]
    public async Task NamedPeer_IsNotConnectedTo(bool exchanging, double score)
    {
        TestRouter router = AddRouter(Scored(new PubSubOptions { PeerExchange = exchanging }), Topic);
        ScriptedPeer naming = await AddPeerAsync(router);
        SetScore(naming, score);
        TestNetwork named = Swarm.Add();

        await PruneAsync(naming, named.LocalPeer, Record(named));

        await ManualTime.SettleAsync();
        Assert.That(router.Network.FindConnection(named.LocalPeer), Is.Null);
    }

    [Test]
    public async Task RecordOfAnotherPeerOrForged_IsPenalised()
    {
        TestRouter router = AddRouter(Scored(Exchanging), Topic);
        ScriptedPeer naming = await AddPeerAsync(router);
        SetScore(naming, 10);
        TestNetwork named = Swarm.Add();

        await PruneAsync(naming, named.LocalPeer, Record(naming.Network));
        Assert.That(router.Service.Score(naming.Id), Is.EqualTo(10 - 10));
        SetScore(naming, 30);
        byte[] forged = Record(named);
        forged[^1] ^= 1;
        await PruneAsync(naming, named.LocalPeer, forged);

        Assert.That(router.Service.Score(naming.Id), Is.EqualTo(30 - 40));
        Assert.That(router.Network.FindConnection(named.LocalPeer), Is.Null);
    }

    private static byte[] Record(TestNetwork network) =>
        new PeerRecord(network.LocalPeer, 1, network.ListenAddresses).Sign(network.Key);

    private static Task PruneAsync(ScriptedPeer naming, PeerId named, byte[]? record) => naming.SendAsync(batch =>
        batch.Prunes.Add(new ControlBatch.PruneNotice("topic"u8.ToArray(), 60, [(named.Bytes.ToArray(), record)])));
}
