using System.Collections.Concurrent;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Tests.PubSub.Support;

namespace P2PMiner.P2P.Tests.PubSub;

/// <summary>What messages are taken, from duplicates and forgeries to validators (libp2p/specs, pubsub/README.md, gossipsub-v1.1.md "Extended Validators").</summary>
public sealed class MessageRuleTests : GossipFixture
{
    private static readonly PubSubOptions Passive = new() { Mesh = new MeshOptions { D = 6, DLow = 0, DHigh = 12, DOut = 0 } };

    [Test]
    public async Task Message_IsDeliveredOnceAndForwardedToTheMeshWithoutSenderAndAuthor()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer author = await AddPeerAsync(router);
        ScriptedPeer sender = await AddPeerAsync(router);
        ScriptedPeer meshed = await AddPeerAsync(router);
        ScriptedPeer outside = await AddPeerAsync(router);
        foreach (ScriptedPeer peer in new[] { author, sender, meshed })
            await peer.GraftAsync(Topic);
        GossipMessage message = author.NewMessage(Topic, [1, 2, 3]);

        await sender.SendAsync(message);
        await meshed.SendAsync(author.NewMessage(Topic, [4]));
        await sender.SendAsync(message);

        await Until(() => router.ReceivedCount == 2 && meshed.Messages.Count == 1 && sender.Messages.Count == 1, "messages");
        Assert.Multiple(() =>
        {
            Assert.That(router.Received[0].Via, Is.EqualTo(sender.Id));
            Assert.That(router.Received[0].From, Is.EqualTo(author.Id));
            Assert.That(router.Received[0].Id.ToArray(), Is.EqualTo(message.Id));
            Assert.That(author.Messages, Is.Empty);
            Assert.That(outside.Messages, Is.Empty);
        });
    }

    [Test]
    public async Task Message_IsNotForwardedToWhomItsAuthorHasSentIt_AsItsValidatorSays()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer author = await AddPeerAsync(router);
        ScriptedPeer reached = await AddPeerAsync(router);
        ScriptedPeer other = await AddPeerAsync(router);
        await reached.GraftAsync(Topic);
        await other.GraftAsync(Topic);
        router.Service.SetValidator(Topic, (message, _) =>
        {
            message.IsSentTo = message.Data.Span[0] == 1 ? reached.Id.Equals : null;
            return ValueTask.FromResult(Verdict.Accept);
        });

        await author.SendAsync(author.NewMessage(Topic, [1]));
        await author.SendAsync(author.NewMessage(Topic, [2, 2]));

        await Until(() => other.Messages.Count == 2 && reached.Messages.Count == 1, "messages");
        Assert.That(reached.Messages.Single().DataSize, Is.EqualTo(2));
        Assert.That(router.ReceivedCount, Is.EqualTo(2));
    }

    [Test]
    public async Task Messages_OfOnePeerAreDeliveredAndForwardedInOrder()
    {
        const int Count = 500;
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer author = await AddPeerAsync(router);
        ScriptedPeer meshed = await AddPeerAsync(router);
        await meshed.GraftAsync(Topic);
        GossipMessage[] messages = [.. Enumerable.Range(0, Count).Select(number => author.NewMessage(Topic, BitConverter.GetBytes(number)))];

        await author.WriteAsync([.. messages.SelectMany(message => message.Frame)]);

        await Until(() => meshed.Messages.Count == Count && router.ReceivedCount == Count, "all messages");
        Assert.That(router.Received.Select(message => BitConverter.ToInt32(message.Data.Span)), Is.EqualTo(Enumerable.Range(0, Count)));
        Assert.That(meshed.Messages.Select(message => Convert.ToHexString(message.SequenceNumber!)), Is.Ordered);
    }

    [Test]
    public async Task ForgedCopy_DoesNotHideTheGenuineOneAndIsPenalised()
    {
        TestRouter router = AddRouter(Scored(Passive), Topic);
        ScriptedPeer author = await AddPeerAsync(router);
        ScriptedPeer forger = await AddPeerAsync(router);
        GossipMessage genuine = author.NewMessage(Topic, [1]);

        await forger.SendRawAsync(WithOtherData(genuine));
        await author.SendAsync(genuine);

        await Until(() => router.ReceivedCount == 1 && router.Service.Score(forger.Id) < 0, "message");
        Assert.Multiple(() =>
        {
            Assert.That(router.Received[0].Data.ToArray(), Is.EqualTo(new byte[] { 1 }));
            Assert.That(router.Service.Score(forger.Id), Is.EqualTo(-10));
            Assert.That(router.Service.Score(author.Id), Is.Zero);
            Assert.That(router.Service.Inspect(parts => parts.InFlight.Count), Is.Zero);
        });
    }

    [Test]
    public async Task Message_ThatClaimsToBeOursIsDropped()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        MessageSigner own = new(router.Network.Key, router.Id, MessageId.Specification, 1);

        await peer.SendAsync(own.Sign("topic"u8.ToArray(), [1]));
        await peer.SendAsync(peer.NewMessage(Topic, [2]));

        await Until(() => router.ReceivedCount == 1, "message");
        Assert.That(router.Received[0].Data.ToArray(), Is.EqualTo(new byte[] { 2 }));
    }

    [Test]
    public async Task Message_OfATopicThatWeAreNotInIsNeitherDeliveredNorForwarded()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer peer = await AddPeerAsync(router, "other");
        ScriptedPeer second = await AddPeerAsync(router, "other");

        await peer.SendAsync(peer.NewMessage("other", [1]));
        await peer.SendAsync(peer.NewMessage(Topic, [2]));

        await Until(() => router.ReceivedCount == 1, "message");
        Assert.That(second.Messages, Is.Empty);
        Assert.That(router.Service.Inspect(parts => parts.Seen.Count), Is.EqualTo(1));
    }

    [Test]
    public async Task Unsigned_IsRefusedUnderStrictSign()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);

        await peer.SendAsync(BareMessages.Make("topic"u8.ToArray(), [1], MessageId.Content));
        await peer.SendAsync(peer.NewMessage(Topic, [2]));

        await Until(() => router.ReceivedCount == 1, "message");
        Assert.That(router.Received[0].Data.ToArray(), Is.EqualTo(new byte[] { 2 }));
    }

    [Test]
    public async Task Signed_IsRefusedUnderStrictNoSignAndUnsignedIsDelivered()
    {
        TestRouter router = AddRouter(Passive with { Signatures = SignaturePolicy.NoSign }, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);

        await peer.SendAsync(peer.NewMessage(Topic, [1]));
        await peer.SendAsync(BareMessages.Make("topic"u8.ToArray(), [2], MessageId.Content));
        await peer.SendAsync(BareMessages.Make("topic"u8.ToArray(), [2], MessageId.Content));
        await router.Service.PublishAsync(Topic, new byte[] { 3 });

        await Until(() => router.ReceivedCount == 1 && peer.Messages.Count == 1, "message");
        PubSubMessage message = router.Received[0];
        Assert.Multiple(() =>
        {
            Assert.That(message.Data.ToArray(), Is.EqualTo(new byte[] { 2 }));
            Assert.That(message.From, Is.Null);
            Assert.That(message.SequenceNumber, Is.Null);
            Assert.That(peer.Messages[0], Is.EqualTo(new RpcMessage(Topic, 1, null, null, null, null)));
        });
    }

    [Test]
    public void IdsOfTheAuthor_AreRefusedWhereThereIsNone()
    {
        PubSubOptions options = new() { Signatures = SignaturePolicy.NoSign, MessageId = MessageId.Specification };

        Assert.That(options.Validate, Throws.ArgumentException);
        Assert.That((options with { MessageId = null }).Validate, Throws.Nothing);
        Assert.That((options with { MessageId = MessageId.Content }).Validate, Throws.Nothing);
    }

    [Test]
    public async Task SameContent_IsPublishedOnceWithoutSignatures()
    {
        TestRouter router = AddRouter(Passive with { Signatures = SignaturePolicy.NoSign }, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);

        IReadOnlyList<PeerId> first = await router.Service.PublishAsync(Topic, new byte[] { 3 });
        IReadOnlyList<PeerId> second = await router.Service.PublishAsync(Topic, new byte[] { 3 });

        Assert.That(first, Is.EqualTo(new[] { peer.Id }));
        Assert.That(second, Is.Empty);
    }

    [TestCase(Verdict.Accept, 1, 0)]
    [TestCase(Verdict.Ignore, 0, 0)]
    [TestCase(Verdict.Reject, 0, 0)]
    public async Task Validator_DecidesWhatIsDeliveredAndForwarded(Verdict verdict, int delivered, int score)
    {
        TestRouter router = AddRouter(Scored(Passive), Topic);
        ScriptedPeer sender = await AddPeerAsync(router);
        ScriptedPeer meshed = await AddPeerAsync(router);
        await meshed.GraftAsync(Topic);
        int asked = 0;
        router.Service.SetValidator(Topic, (message, _) =>
        {
            Assert.That(message.From, Is.EqualTo(sender.Id));
            Interlocked.Increment(ref asked);
            return ValueTask.FromResult(verdict);
        });

        await sender.SendAsync(sender.NewMessage(Topic, [1]));
        await Until(() => asked == 1, "call of the validator");
        router.Service.SetValidator(Topic, null);
        await sender.SendAsync(sender.NewMessage(Topic, [2]));

        await Until(() => meshed.Messages.Count == delivered + 1 && router.ReceivedCount == delivered + 1, "messages");
        Assert.That(router.Service.Score(sender.Id), Is.EqualTo(score), "the topic is not scored");
    }

    [Test]
    public async Task Validator_ThatThrowsMeansIgnore()
    {
        TestRouter router = AddRouter(Scored(Passive), Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        int asked = 0;
        router.Service.SetValidator(Topic, (message, _) => ++asked == 1 ? throw new InvalidOperationException("a defect") : ValueTask.FromResult(Verdict.Accept));

        await peer.SendAsync(peer.NewMessage(Topic, [1]));
        await peer.SendAsync(peer.NewMessage(Topic, [2]));

        await Until(() => router.ReceivedCount == 1, "message");
        Assert.That(router.Received[0].Data.ToArray(), Is.EqualTo(new byte[] { 2 }));
    }

    [Test]
    public async Task Handler_ThatThrowsDoesNotStopTheOthers()
    {
        TestRouter router = AddRouter(Passive);
        router.Service.Subscribe(Topic, _ => throw new InvalidOperationException("a defect"));
        router.Subscribe(Topic);
        ScriptedPeer peer = await AddPeerAsync(router);

        await peer.SendAsync(peer.NewMessage(Topic, [1]));
        await peer.SendAsync(peer.NewMessage(Topic, [2]));

        await Until(() => router.ReceivedCount == 2, "messages");
    }

    [Test]
    public async Task Validators_RunAtOnceUpToTheLimitOfAPeerAndOfAll()
    {
        PubSubLimits limits = new() { MaxValidationsPerPeer = 3, MaxValidations = 5 };
        TestRouter router = AddRouter(Passive with { Limits = limits }, Topic);
        ScriptedPeer[] peers = await AddPeersAsync(router, 3);
        ConcurrentQueue<(PeerId Via, TaskCompletionSource<Verdict> Verdict)> running = new();
        router.Service.SetValidator(Topic, (message, _) =>
        {
            TaskCompletionSource<Verdict> verdict = new(TaskCreationOptions.RunContinuationsAsynchronously);
            running.Enqueue((message.Via, verdict));
            return new ValueTask<Verdict>(verdict.Task);
        });
        foreach (ScriptedPeer peer in peers)
            await peer.WriteAsync([.. Enumerable.Range(0, 10).SelectMany(number => peer.NewMessage(Topic, [(byte)number]).Frame)]);

        await Until(() => running.Count == 5, "five validators");
        await Time.AdvanceAsync(TimeSpan.FromMilliseconds(20));
        Assert.That(running.GroupBy(entry => entry.Via).Max(group => group.Count()), Is.LessThanOrEqualTo(3));
        Assert.That(running, Has.Count.EqualTo(5));
        for (int judged = 0; judged < 30; judged++)
        {
            await Until(() => !running.IsEmpty, $"validator {judged}");
            Assert.That(running.Count, Is.LessThanOrEqualTo(5));
            running.TryDequeue(out (PeerId Via, TaskCompletionSource<Verdict> Verdict) next);
            next.Verdict.SetResult(Verdict.Accept);
        }

        await Until(() => router.ReceivedCount == 30, "all messages");
    }

    [Test]
    public async Task StuckValidator_HoldsUpItsSenderOnly()
    {
        PubSubLimits limits = new() { MaxPendingPerPeer = 16, MaxValidationsPerPeer = 2 };
        TestRouter router = AddRouter(Passive with { Limits = limits }, Topic);
        ScriptedPeer stuck = await AddPeerAsync(router);
        ScriptedPeer fluent = await AddPeerAsync(router);
        TaskCompletionSource<Verdict> never = new();
        router.Service.SetValidator(Topic, (message, _) =>
            message.Via == stuck.Id ? new ValueTask<Verdict>(never.Task) : ValueTask.FromResult(Verdict.Accept));

        await stuck.WriteAsync([.. Enumerable.Range(0, 300).SelectMany(number => stuck.NewMessage(Topic, [1]).Frame)]);
        for (int i = 0; i < 100; i++)
            await fluent.SendAsync(fluent.NewMessage(Topic, [2]));

        await Until(() => router.ReceivedCount == 100, "messages of the other");
        int taken = router.Trace.Got(stuck.Id).Sum(rpc => rpc.Messages.Count);
        Assert.That(taken, Is.LessThan(60), "no more is read from a peer whose messages are not judged");
        never.SetResult(Verdict.Accept);
        await Until(() => router.ReceivedCount == 400, "all messages");
    }

    [Test]
    public async Task Replay_OfWhatHasLeftTheSeenCacheIsIgnored()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer author = await AddPeerAsync(router);
        GossipMessage early = author.NewMessage(Topic, [1]);
        GossipMessage late = author.NewMessage(Topic, [2]);
        GossipMessage held = author.NewMessage(Topic, [3]);
        await author.SendAsync(early);
        await author.SendAsync(late);
        await Until(() => router.ReceivedCount == 2, "messages");

        await Time.AdvanceAsync(TimeSpan.FromSeconds(122));
        Assert.That(router.Service.Inspect(parts => parts.Seen.Count), Is.Zero);
        await author.SendAsync(early);
        await author.SendAsync(late);
        await author.SendAsync(held);

        await Until(() => router.ReceivedCount == 3, "the message that was never seen");
        Assert.That(router.Received[2].Data.ToArray(), Is.EqualTo(new byte[] { 3 }));
    }

    [Test]
    public async Task MessageOutOfOrder_IsDelivered()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer author = await AddPeerAsync(router);
        GossipMessage first = author.NewMessage(Topic, [1]);

        await author.SendAsync(author.NewMessage(Topic, [2]));
        await Time.AdvanceAsync(TimeSpan.FromSeconds(100));
        await author.SendAsync(first);

        await Until(() => router.ReceivedCount == 2, "both messages");
    }

    [Test]
    public async Task MessageWithTooMuchData_IsDropped()
    {
        TestRouter router = AddRouter(Passive with { Limits = new PubSubLimits { MaxDataSize = 100 } }, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);

        await peer.SendAsync(peer.NewMessage(Topic, new byte[101]));
        await peer.SendAsync(peer.NewMessage(Topic, new byte[100]));

        await Until(() => router.ReceivedCount == 1, "message");
        Assert.That(router.Received[0].Data.Length, Is.EqualTo(100));
    }

    [Test]
    public async Task LargestMessage_Passes()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        ScriptedPeer meshed = await AddPeerAsync(router);
        await meshed.GraftAsync(Topic);
        byte[] data = new byte[64 * 1024];
        new Random(1).NextBytes(data);

        await peer.SendAsync(peer.NewMessage(Topic, data));
        await router.Service.PublishAsync(Topic, data);

        await Until(() => meshed.Messages.Count == 2 && router.ReceivedCount == 1, "messages");
        Assert.That(router.Received[0].Data.Span.SequenceEqual(data), Is.True);
    }

    [Test]
    public async Task PublishedNumbers_GrowAndGoOnGrowingAfterARestart()
    {
        TestRouter router = AddRouter(Passive, Topic);
        ScriptedPeer peer = await AddPeerAsync(router);
        for (int i = 0; i < 3; i++)
            await router.Service.PublishAsync(Topic, new byte[1]);
        await Until(() => peer.Messages.Count == 3, "messages");
        await router.DisposeAsync();
        Time.Advance(TimeSpan.FromSeconds(1));

        TestRouter restarted = new(router.Network, Passive);
        await peer.Network.DisconnectAsync(router.Id);
        await peer.ConnectAsync(restarted);
        await peer.SubscribeAsync(Topic);
        await restarted.Service.PublishAsync(Topic, new byte[1]);

        await Until(() => peer.Messages.Count == 4, "message after the restart");
        Assert.That(peer.Messages.Select(message => Convert.ToHexString(message.SequenceNumber!)), Is.Ordered.And.Unique);
        await restarted.DisposeAsync();
    }

    /// <summary>The same author, number and signature with other data.</summary>
    private static byte[] WithOtherData(GossipMessage message)
    {
        byte[] frame = [.. message.Frame];
        int data = message.Frame.AsSpan().IndexOf(message.Signed) + message.From.Length + 4;
        Assert.That(frame[data], Is.EqualTo(message.Data.Span[0]));
        frame[data] ^= 0xff;
        RpcFrame rpc = new();
        Assert.That(RpcDecoder.Decode(frame.AsSpan(2), rpc), Is.EqualTo(RpcStatus.Done));
        return frame;
    }
}
