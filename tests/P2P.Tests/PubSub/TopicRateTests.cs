using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.Tests.PubSub.Support;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub;

/// <summary>A peer that sends more than the rate of a topic waits; whoever keeps to it, and a topic without a rate, do not.</summary>
public sealed class TopicRateTests : GossipFixture
{
    private const int PerSecond = 10;
    private const int AtOnce = 20;

    private static readonly PubSubOptions Limited = new()
    {
        Mesh = new MeshOptions { D = 6, DLow = 0, DHigh = 12, DOut = 0 },
        Limits = new PubSubLimits { TopicRates = new Dictionary<string, MessageRate> { [Topic] = new(PerSecond, AtOnce) } },
    };

    [Test]
    public async Task MoreThanTheRate_WaitsAtItsSourceAndComesInTime()
    {
        const int Count = 100;
        TestRouter router = AddRouter(Limited, Topic);
        ScriptedPeer fast = await AddPeerAsync(router);

        await fast.WriteAsync(Frames(fast, Topic, Count));
        await ManualTime.SettleAsync();

        Assert.That(router.ReceivedCount, Is.EqualTo(AtOnce + 1), "the last of them begins the pause");
        for (int second = 1; router.ReceivedCount < Count; second++)
        {
            for (int i = 0; i < 10; i++)
                await Time.AdvanceAsync(TimeSpan.FromMilliseconds(100));
            Assert.That(router.ReceivedCount, Is.LessThanOrEqualTo(AtOnce + 1 + (second * PerSecond)));
            Assert.That(second, Is.LessThanOrEqualTo(1 + (Count / PerSecond)));
        }
        Assert.That(fast.IsConnected, Is.True);
        Assert.That(router.Service.Score(fast.Id), Is.Zero);
    }

    [Test]
    public async Task LargeMessage_CountsAsSeveral()
    {
        const int Size = 1000;
        PubSubLimits limits = new() { TopicRates = new Dictionary<string, MessageRate> { [Topic] = new(PerSecond, AtOnce, Size) } };
        TestRouter router = AddRouter(Limited with { Limits = limits }, Topic);
        ScriptedPeer large = await AddPeerAsync(router);
        ScriptedPeer small = await AddPeerAsync(router);

        await large.WriteAsync(Frames(large, Topic, AtOnce, (3 * Size) + 1));
        await ManualTime.SettleAsync();

        Assert.That(router.ReceivedCount, Is.EqualTo((AtOnce / 4) + 1), "the last of them begins the pause");

        await small.WriteAsync(Frames(small, Topic, AtOnce, Size));
        await ManualTime.SettleAsync();

        Assert.That(router.ReceivedCount, Is.EqualTo((AtOnce / 4) + 1 + AtOnce));
    }

    [Test]
    public async Task Pause_OfOnePeerDelaysNoOther()
    {
        TestRouter router = AddRouter(Limited, Topic);
        ScriptedPeer fast = await AddPeerAsync(router);
        ScriptedPeer other = await AddPeerAsync(router);
        await fast.WriteAsync(Frames(fast, Topic, 100));
        await ManualTime.SettleAsync();
        int before = router.ReceivedCount;

        await other.SendAsync(other.NewMessage(Topic, [1]));
        await ManualTime.SettleAsync();

        Assert.That(router.Received.Skip(before).Select(message => message.Via), Is.EqualTo(new[] { other.Id }));
    }

    [Test]
    public async Task Duplicates_DoNotCount()
    {
        TestRouter router = AddRouter(Limited, Topic);
        ScriptedPeer author = await AddPeerAsync(router);
        ScriptedPeer[] senders = await AddPeersAsync(router, 5);
        for (int i = 0; i < AtOnce; i++)
        {
            GossipMessage message = author.NewMessage(Topic, [1]);
            await author.SendAsync(message);
            await Until(() => router.ReceivedCount == i + 1, "message");
            foreach (ScriptedPeer sender in senders)
                await sender.SendAsync(message);
        }

        await senders[0].WriteAsync(Frames(senders[0], Topic, AtOnce));
        await ManualTime.SettleAsync();

        Assert.That(router.ReceivedCount, Is.EqualTo(2 * AtOnce));
    }

    [Test]
    public async Task TopicWithoutRate_HasNone()
    {
        TestRouter router = AddRouter(Limited, Topic, "other");
        ScriptedPeer fast = await AddPeerAsync(router);

        await fast.WriteAsync(Frames(fast, "other", 1000));

        await Until(() => router.ReceivedCount == 1000, "all messages");
    }

    [Test]
    public async Task MoreThanTwiceAtOnce_InOneRpcIsDroppedUnverifiedAndCutOff()
    {
        TestRouter router = AddRouter(Limited, Topic);
        ScriptedPeer fast = await AddPeerAsync(router);

        await fast.WriteAsync(OneRpc(fast, 2000));
        await Until(() => !fast.IsConnected, "end of its connection");
        await ManualTime.SettleAsync();

        Assert.That(router.ReceivedCount, Is.LessThanOrEqualTo((2 * AtOnce) + 1));
    }

    [Test]
    public async Task MoreThanTwiceAtOnce_InOneRpcIsDroppedOnly_WhenItIsLittle()
    {
        TestRouter router = AddRouter(Limited, Topic);
        ScriptedPeer fast = await AddPeerAsync(router);

        await fast.WriteAsync(OneRpc(fast, 100));
        await ManualTime.SettleAsync();

        Assert.That(router.ReceivedCount, Is.EqualTo(2 * AtOnce));
        Assert.That(fast.IsConnected, Is.True);
        Assert.That(router.Service.Score(fast.Id), Is.Zero);
    }

    [TestCase(0, 1, 1)]
    [TestCase(-1, 1, 1)]
    [TestCase(double.NaN, 1, 1)]
    [TestCase(double.PositiveInfinity, 1, 1)]
    [TestCase(1, 0, 1)]
    [TestCase(1, 1, 0)]
    public void RateThatIsNone_IsRefused(double perSecond, int atOnce, int size)
    {
        PubSubLimits limits = new() { TopicRates = new Dictionary<string, MessageRate> { [Topic] = new(perSecond, atOnce, size) } };

        Assert.That(() => AddRouter(new PubSubOptions { Limits = limits }), Throws.ArgumentException.With.Message.Contains(Topic));
    }

    private static byte[] Frames(ScriptedPeer peer, string topic, int count, int size = 1) =>
        [.. Enumerable.Range(0, count).SelectMany(_ => peer.NewMessage(topic, new byte[size]).Frame)];

    /// <summary>All of them in one RPC: the frames without the lengths before them, after one for all.</summary>
    private static byte[] OneRpc(ScriptedPeer peer, int count)
    {
        byte[] content = [.. Enumerable.Range(0, count).SelectMany(_ => WithoutLength(peer.NewMessage(Topic, [1]).Frame))];
        List<byte> frame = [];
        for (int rest = content.Length; ; rest >>= 7)
        {
            frame.Add((byte)(rest < 0x80 ? rest : rest | 0x80));
            if (rest < 0x80)
                return [.. frame, .. content];
        }
    }

    private static IEnumerable<byte> WithoutLength(byte[] frame) => frame.SkipWhile(static octet => octet >= 0x80).Skip(1);
}
