using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.PubSub.Support;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub;

/// <summary>Streams with peers: opened after identify, replaced, ended, opened again (libp2p/specs, pubsub/README.md, "Stream management").</summary>
public sealed class SessionTests : GossipFixture
{
    [Test]
    public async Task Streams_AreOpenedInBothDirectionsWithTheBestCommonVersion()
    {
        TestRouter current = AddRouter(null, Topic);
        TestRouter older = AddRouter(new PubSubOptions { Protocols = [PubSubOptions.Version11, PubSubOptions.Version10] }, Topic);

        current.Connect(older);

        await Until(() => current.HasInMesh(older, Topic) && older.HasInMesh(current, Topic), "mesh");
        PubSubPeer peer = current.Service.Peers.Single();
        Assert.That(peer, Is.EqualTo(new PubSubPeer(older.Id, PubSubOptions.Version11, true, 0)));
        Assert.That(older.Network.Protocols, Is.EqualTo(new[] { PubSubOptions.Version10, PubSubOptions.Version11 }));
    }

    [Test]
    public async Task Peer_IsLeftAloneUntilItSaysThatItServesPubsub()
    {
        TestRouter router = AddRouter(null, Topic);
        TestNetwork other = Swarm.Add();
        other.Connect(router.Network);
        await ManualTime.SettleAsync();
        Assert.That(router.Service.Peers, Is.Empty);

        // The test network pushes the change at once.
        _ = new ScriptedPeer(other);

        await Until(() => router.Service.Peers.Count == 1, "stream after identify push");
    }

    [Test]
    public async Task ServiceThatStartsLate_FindsPeersThatAreConnectedAlready()
    {
        TestRouter early = AddRouter(null, Topic);
        TestNetwork network = Swarm.Add();
        network.Connect(early.Network);
        await using TestRouter late = new(network);

        late.Subscribe(Topic);

        await Until(() => early.HasInMesh(late, Topic), "mesh");
    }

    [Test]
    public async Task NewerStreamOfAPeer_TakesThePlaceOfTheOlder()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        PeerStream second = await peer.Network.FindConnection(router.Id)!.OpenStreamAsync([peer.Protocol]);
        GossipMessage message = peer.NewMessage(Topic, [1]);

        await second.WriteAsync(message.Frame);

        await Until(() => router.ReceivedCount == 1, "message");
        Assert.That(async () => await peer.WriteAsync(message.Frame), Throws.InstanceOf<IOException>(), "the older was reset");
        Assert.That(router.Service.Peers, Has.Count.EqualTo(1));
        Assert.That(router.Service.Subscribers(Topic), Is.EqualTo(new[] { peer.Id }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task StreamThatEnds_IsOpenedAgainWhileThePeerIsConnected(bool ours)
    {
        TestRouter a = AddRouter(null, Topic);
        TestRouter b = AddRouter(null, Topic);
        a.Connect(b);
        await Until(() => a.HasInMesh(b, Topic) && b.HasInMesh(a, Topic), "mesh");

        EndSession(ours ? a : b);

        await Until(() => a.Service.MeshPeers(Topic).Count == 0 && b.Service.MeshPeers(Topic).Count == 0, "end of the streams");
        await Wait.UntilAsync(Time, TimeSpan.FromMilliseconds(100), () => a.CanSendTo(b) && b.CanSendTo(a) && a.Knows(b, Topic), "streams");
        await a.Service.PublishAsync(Topic, new byte[] { 7 });
        await Until(() => b.ReceivedCount == 1, "message");
    }

    [Test]
    public async Task PeerWhoseStreamsEndAtOnce_IsTriedEverMoreRarelyAndNotForEver()
    {
        TestRouter router = AddRouter(null, Topic);
        TestNetwork network = Swarm.Add();
        int opened = 0;
        network.Handle(PubSubOptions.Version12, (stream, _) =>
        {
            Interlocked.Increment(ref opened);
            stream.Reset();
            return Task.CompletedTask;
        });
        network.Connect(router.Network);
        await Until(() => opened == 1 && router.Service.Peers.Count == 0, "first attempt");

        for (int second = 0; second < 300; second++)
            await Time.AdvanceAsync(TimeSpan.FromSeconds(1));

        Assert.That(opened, Is.EqualTo(7));
        Assert.That(router.Service.RetryCount, Is.EqualTo(1));
        network.Kill();
        await Until(() => router.Service.RetryCount == 0, "nothing remembered of a peer that has gone");
    }

    [Test]
    public async Task PeerThatServesNothing_MayStillPublish()
    {
        TestRouter router = AddRouter(null, Topic);
        TestNetwork network = Swarm.Add();
        IPeerConnection connection = network.Connect(router.Network);
        PeerStream stream = await connection.OpenStreamAsync([PubSubOptions.Version12]);
        MessageSigner signer = new(network.Key, network.LocalPeer, MessageId.Specification, 1);

        await stream.WriteAsync(signer.Sign("topic"u8.ToArray(), [1]).Frame);

        await Until(() => router.ReceivedCount == 1, "message");
        Assert.That(router.Service.Peers.Single(), Is.EqualTo(new PubSubPeer(network.LocalPeer, null, true, 0)));
    }

    [Test]
    public async Task PeerThatDisconnects_IsForgotten()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        await peer.PruneAsync(Topic, 60);

        peer.Network.Kill();

        await Until(() => router.Service.Peers.Count == 0, "removal");
        Assert.That(router.Service.Subscribers(Topic), Is.Empty);
        Assert.That(router.Service.Inspect(parts => parts.Scores.Count), Is.Zero);
        Assert.That(router.Service.Inspect(parts => parts.Topics.Find(Topic)!.Backoffs.Count), Is.EqualTo(1), "the back-off outlives it");
    }

    [Test]
    public async Task PeerThatComesBack_MustStillWaitForTheEndOfItsBackoff()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        await peer.PruneAsync(Topic, 60);
        await peer.Network.DisconnectAsync(router.Id);
        await Until(() => router.Service.Peers.Count == 0, "removal");

        await peer.ConnectAsync(router);
        await peer.SubscribeAsync(Topic);
        await HeartbeatAsync(router, 3);

        Assert.That(router.Service.MeshPeers(Topic), Is.Empty);
    }

    [Test]
    public async Task Stopping_SendsWhatIsQueuedAndClosesTheStreams()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        for (int i = 0; i < 100; i++)
            await router.Service.PublishAsync(Topic, new byte[1000]);

        await router.Service.DisposeAsync();

        await Until(() => peer.Messages.Count == 100, "all messages");
        Assert.That(router.Service.Completion.IsCompletedSuccessfully, Is.True);
        Assert.That(router.Network.Protocols, Is.Empty);
        Assert.That(Time.PendingTimers, Is.Zero);
    }

    [Test]
    public async Task Stopping_DoesNotWaitForAPeerThatDoesNotRead()
    {
        TestRouter router = AddRouter(null, Topic);
        ScriptedPeer deaf = new(Swarm.Add()) { Reads = false };
        await deaf.ConnectAsync(router);
        await deaf.SubscribeAsync(Topic);
        for (int i = 0; i < 10; i++)
            await router.Service.PublishAsync(Topic, new byte[60_000]);

        Task stopped = router.Service.DisposeAsync().AsTask();
        await Wait.UntilAsync(Time, TimeSpan.FromMilliseconds(100), () => stopped.IsCompleted, "end");
        await stopped;
    }

    [Test]
    public async Task PeersConnectedToBefore_AreDirectAndDialledAgain()
    {
        TestNetwork network = Swarm.Add();
        TestRouter router = AddRouter(new PubSubOptions { DirectPeers = [network.LocalPeer] }, Topic);
        router.Network.Peers.AddAddresses(network.LocalPeer, [network.Address], TimeSpan.FromHours(1));
        ScriptedPeer direct = new(network);

        await Wait.UntilAsync(Time, TimeSpan.FromMilliseconds(100), () => direct.IsConnected, "first connection");
        await network.DisconnectAsync(router.Id);
        await Until(() => router.Service.Peers.Count == 0, "removal");
        for (int second = 0; second < 299 && !direct.IsConnected; second++)
            await Time.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.That(direct.IsConnected, Is.False, "before five minutes");
        await Wait.UntilAsync(Time, TimeSpan.FromSeconds(1), () => direct.IsConnected, "second connection");
    }

    private static void EndSession(TestRouter router)
    {
        PeerId peer = router.Service.Peers.Single().Peer;
        router.Service.Inspect(parts => parts.Peers.Find(peer)!.Queue).Close();
    }
}
