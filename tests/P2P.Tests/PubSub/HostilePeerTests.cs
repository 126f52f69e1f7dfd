using System.Collections.Concurrent;
using System.Text;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Tests.PubSub.Support;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub;

/// <summary>Peers that flood or lie are limited, penalised and cut off, and nobody else notices.</summary>
public sealed class HostilePeerTests : GossipFixture
{
    private static readonly PubSubOptions Passive = new() { Mesh = new MeshOptions { D = 6, DLow = 0, DHigh = 12, DOut = 0 } };

    private readonly ConcurrentQueue<IPeerConnection> _cutOff = [];

#pragma warning disable NUnit1032 // The base class disposes of it.
    private TestRouter _router = null!;
#pragma warning restore NUnit1032
    private ScriptedPeer _honest = null!;
    private ScriptedPeer _hostile = null!;

    [SetUp]
    public async Task SetUp()
    {
        _cutOff.Clear();
        _router = AddRouter(Passive with { CuttingOff = _cutOff.Enqueue }, Topic);
        _honest = await AddPeerAsync(_router);
        _hostile = await AddPeerAsync(_router);
    }

    [TearDown]
    public async Task OthersAreNotAffected()
    {
        int before = _router.ReceivedCount;
        await _honest.SendAsync(_honest.NewMessage(Topic, [9]));
        await Until(() => _router.ReceivedCount == before + 1, "message of the honest peer");
        Assert.That(_honest.IsConnected, Is.True);
        Assert.That(_router.Service.Score(_honest.Id), Is.Zero);
    }

    [Test]
    public async Task ForgedSignatures_AreCutOff()
    {
        GossipMessage genuine = _honest.NewMessage(Topic, new byte[100]);
        byte[] frames = [.. Enumerable.Range(0, 10_000).SelectMany(number => Forge(genuine, number))];

        await FloodAsync(frames);

        Assert.That(_router.Service.Inspect(parts => parts.Seen.Count), Is.Zero);
        Assert.That(_router.Trace.Got(_hostile.Id).Sum(rpc => rpc.Messages.Count), Is.LessThan(2000), "most was never read");
        await Until(() => _router.Service.Inspect(parts => parts.InFlight.Count) == 0, "empty pipeline");
    }

    [Test]
    public async Task ForgedCopies_OfAMessageThatIsNotKnownYetAreCutOffAndTheMessageArrivesAfterThem()
    {
        GossipMessage genuine = _honest.NewMessage(Topic, new byte[100]);
        await FloodAsync([.. Enumerable.Range(0, 100).SelectMany(number => Forge(genuine, number))]);

        await _honest.SendAsync(genuine);

        await Until(() => _router.ReceivedCount == 1, "the message");
    }

    // Which copies come first is open: those after the genuine one are mere duplicates, so nobody need be cut off.
    [Test]
    public async Task ForgedCopies_ThatComeTogetherWithTheGenuineOneDoNotKeepItOut()
    {
        GossipMessage genuine = _honest.NewMessage(Topic, new byte[100]);
        Task flood = WriteUntilCutOffAsync([.. Enumerable.Range(0, 100).SelectMany(number => Forge(genuine, number))]);
        await _honest.SendAsync(genuine);
        await flood;

        await Until(() => _router.ReceivedCount == 1, "the message");
    }

    [Test]
    public async Task MessagesWithoutSignature_AreCutOff()
    {
        byte[] frame = BareMessages.Make("topic"u8.ToArray(), new byte[50], MessageId.Content).Frame;

        await FloodAsync(Repeat(frame, 5000));
    }

    [Test]
    public async Task RejectedMessages_AreCutOff()
    {
        _router.Service.SetValidator(Topic, (message, _) =>
            ValueTask.FromResult(message.Via == _hostile.Id ? Verdict.Reject : Verdict.Accept));

        await FloodAsync([.. Enumerable.Range(0, 2000).SelectMany(number => _hostile.NewMessage(Topic, [1]).Frame)]);
    }

    [Test]
    public async Task ConnectionThatIsCutOff_IsToldOfOnce()
    {
        _router.Service.SetValidator(Topic, (message, _) =>
            ValueTask.FromResult(message.Via == _hostile.Id ? Verdict.Reject : Verdict.Accept));

        await FloodAsync([.. Enumerable.Range(0, 2000).SelectMany(number => _hostile.NewMessage(Topic, [1]).Frame)]);

        await ManualTime.SettleAsync();
        Assert.That(_cutOff.Select(connection => connection.RemotePeer), Is.EqualTo(new[] { _hostile.Id }));
    }

    [Test]
    public async Task SameMessageAgainAndAgain_IsCutOff() =>
        await FloodAsync(Repeat(_hostile.NewMessage(Topic, [1]).Frame, 5000));

    [Test]
    public async Task MessagesOfUnknownTopics_AreCutOff() =>
        await FloodAsync(Repeat(_hostile.NewMessage("other", [1]).Frame, 5000));

    [Test]
    public async Task EmptyRpcs_AreCutOff() => await FloodAsync(new byte[5000]);

    [Test]
    public async Task IHaves_AreCutOff() =>
        await FloodAsync([.. Enumerable.Range(0, 500).SelectMany(number => Control(batch => batch.IHaves.Add((Bytes(Topic), [Bytes($"{number}")]))))]);

    [Test]
    public async Task IHavesWithMoreIdsThanAreTaken_AreCutOff() =>
        await FloodAsync(Repeat(Control(batch => batch.IHaves.Add((Bytes(Topic), [.. Enumerable.Repeat<byte[]>([], RpcLimits.MaxIdsPerList + 1)]))), 500));

    [Test]
    public async Task IWants_AreCutOff() =>
        await FloodAsync([.. Enumerable.Range(0, 500).SelectMany(number => Control(batch => batch.IWant.Add(Bytes($"{number}"))))]);

    [Test]
    public async Task Grafts_AreCutOff()
    {
        await _hostile.GraftAsync(Topic);
        await _hostile.PruneAsync(Topic, 60);

        await FloodAsync(Repeat(Control(batch => batch.Grafts.Add(Bytes(Topic))), 100));
    }

    [Test]
    public async Task GraftsOfUnknownTopics_AreCutOff() =>
        await FloodAsync(Repeat(Control(batch => batch.Grafts.AddRange(Enumerable.Repeat(Bytes("other"), 500))), 20));

    [Test]
    public async Task Prunes_AreCutOff() =>
        await FloodAsync(Repeat(Control(batch => batch.Prunes.Add(new(Bytes(Topic), 60, []))), 5000));

    [Test]
    public async Task Subscriptions_AreBoundedAndCutOff()
    {
        byte[] frames = [.. Enumerable.Range(0, 10).SelectMany(part => Control(batch =>
            batch.Subscriptions.AddRange(Enumerable.Range(0, 1000).Select(number => (Bytes($"{part}/{number}"), true)))))];

        await FloodAsync(frames);

        Assert.That(_router.Service.Inspect(parts => parts.Topics.Count), Is.EqualTo(1), "all its topics are forgotten");
    }

    [Test]
    public async Task SubscriptionsBeyondTheLimit_AreIgnored()
    {
        await _hostile.SendAsync(batch => batch.Subscriptions.AddRange(Enumerable.Range(0, 1200).Select(number => (Bytes($"{number}"), true))));

        Assert.That(_router.Service.Inspect(parts => parts.Topics.Count), Is.EqualTo(1000));
        Assert.That(_router.Service.Inspect(parts => parts.Peers.Find(_hostile.Id)!.Topics.Count), Is.EqualTo(1000));
    }

    [TestCase("", TestName = "EmptyTopic_IsIgnored")]
    [TestCase("ff", TestName = "TopicThatIsNotUtf8_IsIgnored")]
    public async Task BadTopic_IsIgnored(string hex)
    {
        await _hostile.SendAsync(batch => batch.Subscriptions.Add((Convert.FromHexString(hex), true)));
        await _hostile.SendAsync(batch => batch.Subscriptions.Add((new byte[513], true)));

        Assert.That(_router.Service.Inspect(parts => parts.Topics.Count), Is.EqualTo(1));
    }

    [Test]
    public async Task OversizedRpc_ResetsTheStreamAndIsPenalised()
    {
        await _hostile.WriteAsync([0x81, 0x80, 0x40, 0x0a]);

        await Until(() => _router.Service.Peers.Count == 1, "end of its streams");
        Assert.That(_hostile.IsConnected, Is.True, "once is a mistake");
        Assert.That(_router.Service.Score(_hostile.Id), Is.EqualTo(-10));
    }

    [TestCase("8000", TestName = "LengthThatIsNotCanonical_ResetsTheStream")]
    [TestCase("020aff", TestName = "MalformedRpc_ResetsTheStream")]
    public async Task BrokenFrame_ResetsTheStream(string hex)
    {
        await _hostile.WriteAsync(Convert.FromHexString(hex));

        await Until(() => _router.Service.Peers.Count == 1, "end of its streams");
        Assert.That(_router.Service.Score(_hostile.Id), Is.EqualTo(-10));
    }

    [Test]
    public async Task PeerThatNeverEndsAnRpc_IsCutOff()
    {
        await _hostile.WriteAsync([0x80, 0x01, 0x0a]);
        await Until(() => _router.Service.Inspect(parts => parts.Peers.Find(_hostile.Id)!.PartialFor(TimeSpan.MaxValue)) > TimeSpan.Zero, "beginning of the rpc");

        await Time.AdvanceAsync(TimeSpan.FromSeconds(17));

        await Until(() => !_hostile.IsConnected, "end of its connection");
    }

    [Test]
    public async Task PeerWhoseReadsAlwaysEndWithinAnRpc_IsNotCutOff()
    {
        byte[] frame = _hostile.NewMessage(Topic, new byte[100]).Frame;
        byte[] rest = frame[10..];
        await _hostile.WriteAsync(frame[..10]);
        for (int second = 0; second < 40; second++)
        {
            byte[] next = _hostile.NewMessage(Topic, new byte[100]).Frame;
            await _hostile.WriteAsync([.. rest, .. next[..10]]);
            rest = next[10..];
            await Until(() => _router.ReceivedCount == second + 1, "message");
            await Time.AdvanceAsync(TimeSpan.FromSeconds(1));
        }

        Assert.That(_hostile.IsConnected, Is.True);
    }

    [Test]
    public async Task PeerThatDoesNotRead_IsTakenOutOfTheMeshAndCutOff()
    {
        ScriptedPeer deaf = new(Swarm.Add()) { Reads = false };
        await deaf.ConnectAsync(_router);
        await deaf.SubscribeAsync(Topic);
        await deaf.GraftAsync(Topic);
        Assert.That(_router.Service.MeshPeers(Topic), Has.Member(deaf.Id));
        byte[] data = new byte[60_000];
        for (int i = 0; i < 10; i++)
            await _router.Service.PublishAsync(Topic, data);
        await Until(() => _honest.Messages.Count == 10, "messages to the honest peer");

        await Time.AdvanceAsync(TimeSpan.FromSeconds(8));
        Assert.That(_router.Service.MeshPeers(Topic), Has.No.Member(deaf.Id));
        Assert.That(deaf.IsConnected, Is.True);
        await Time.AdvanceAsync(TimeSpan.FromSeconds(10));

        await Until(() => !deaf.IsConnected, "end of its connection");
    }

    [Test]
    public async Task PeerThatDoesNotRead_HoldsAPublisherUpOnce()
    {
        PubSubLimits limits = new() { MaxQueuedBytes = 2 * 1024 * 1024 };
        TestRouter router = AddRouter(new PubSubOptions { Limits = limits }, Topic);
        ScriptedPeer deaf = new(Swarm.Add()) { Reads = false };
        await deaf.ConnectAsync(router);
        await deaf.SubscribeAsync(Topic);
        byte[] data = new byte[60_000];
        int published = 0;
        Task<IReadOnlyList<PeerId>> publishing;
        do
        {
            publishing = router.Service.PublishAsync(Topic, data).AsTask();
            published++;
            await ManualTime.SettleAsync();
        }
        while (publishing.IsCompleted && published < 100);
        Assert.That(published, Is.InRange(17, 40), "until its queue is half full");

        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await publishing.InTime(), Is.EqualTo(new[] { deaf.Id }));
        for (int i = 0; i < 40; i++)
            Assert.That(router.Service.PublishAsync(Topic, data).AsTask().IsCompleted, Is.True, $"message {i}");
        Assert.That(await router.Service.PublishAsync(Topic, data), Is.Empty, "its queue is full");
    }

    [Test]
    public async Task GraylistedPeer_IsIgnoredAndCutOffIfItGoesOn()
    {
        _router.Service.Inspect(parts => parts.Peers.Find(_hostile.Id)!.Stats.BehaviourPenalty = 100);

        await _hostile.WriteAsync(_hostile.NewMessage(Topic, [1]).Frame);
        await Time.AdvanceAsync(TimeSpan.FromMilliseconds(20));
        Assert.That(_router.ReceivedCount, Is.Zero);
        Assert.That(_hostile.IsConnected, Is.True);
        Assert.That(_router.Trace.Got(_hostile.Id).Count(rpc => rpc.Messages.Count > 0), Is.EqualTo(1), "whoever traces is told what is ignored too");

        await FloodAsync(Repeat(Control(batch => batch.IWant.Add([1])), PeerGuard.MaxIgnored + 1));
    }

    [Test]
    public async Task StateOfACutOffPeer_IsForgottenButItsScoreIsNot()
    {
        await _hostile.GraftAsync(Topic);
        await _hostile.SendIDontWantAsync([1]);
        await _hostile.SendIHaveAsync(Topic, [2]);

        await FloodAsync(Repeat(_hostile.NewMessage("other", [1]).Frame, 5000));

        await Until(() => _router.Service.Peers.Count == 1, "end of its streams");
        Assert.Multiple(() =>
        {
            Assert.That(_router.Service.MeshPeers(Topic), Is.Empty);
            Assert.That(_router.Service.Subscribers(Topic), Is.EqualTo(new[] { _honest.Id }));
            Assert.That(_router.Service.Score(_hostile.Id), Is.LessThan(-80));
        });
        await HeartbeatAsync(_router, 5);
        Assert.That(_router.Service.Inspect(parts => parts.Promises.Count), Is.Zero);
        Assert.That(_router.Service.Score(_hostile.Id), Is.LessThan(-80), "no decay while it is away");
    }

    private async Task FloodAsync(byte[] frames)
    {
        await WriteUntilCutOffAsync(frames);
        await Until(() => !_hostile.IsConnected, "end of its connection");
    }

    private async Task WriteUntilCutOffAsync(byte[] frames)
    {
        try
        {
            await _hostile.WriteAsync(frames).InTime();
        }
        catch (IOException)
        {
            // Cut off while it was still writing.
        }
    }

    private static byte[] Forge(GossipMessage genuine, int number)
    {
        byte[] frame = [.. genuine.Frame];
        int data = frame.AsSpan().IndexOf(genuine.Signed) + genuine.From.Length + 4;
        BitConverter.TryWriteBytes(frame.AsSpan(data), number + 1);
        return frame;
    }

    private static byte[] Control(Action<ControlBatch> fill)
    {
        ControlBatch batch = new();
        fill(batch);
        return RpcEncoder.Encode(batch);
    }

    private static byte[] Repeat(byte[] frame, int count) => [.. Enumerable.Repeat(frame, count).SelectMany(bytes => bytes)];

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
