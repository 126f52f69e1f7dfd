using System.Text;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Tests.PubSub.Support;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub;

public sealed class GossipSubTests
{
    private const string Topic = "topic";

    private readonly List<TestRouter> _routers = [];
    private ManualTime _time = new();
    private TestSwarm _swarm = new(TimeProvider.System);

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _swarm = new TestSwarm(_time);
    }

    [TearDown]
    public async Task TearDown()
    {
        foreach (TestRouter router in _routers)
        {
            Assert.That(router.Service.Completion.IsFaulted, Is.False, router.Service.Completion.Exception?.ToString());
            await router.DisposeAsync();
        }
        _routers.Clear();
        Assert.That(_swarm.Failures, Is.Empty);
    }

    [Test]
    public async Task Message_ReachesASubscriberOfTheSameTopicOnly()
    {
        (TestRouter a, TestRouter b) = await PairAsync(Topic, Topic);
        TestRouter c = Add();
        c.Subscribe("other");
        c.Connect(a);
        await Until(() => a.Knows(c, "other"), "subscription");

        IReadOnlyList<PeerId> recipients = await a.Service.PublishAsync(Topic, "share"u8.ToArray());

        Assert.That(recipients, Is.EqualTo(new[] { b.Id }));
        await Until(() => b.ReceivedCount == 1, "message");
        PubSubMessage message = b.Received[0];
        Assert.Multiple(() =>
        {
            Assert.That(Encoding.UTF8.GetString(message.Data.Span), Is.EqualTo("share"));
            Assert.That(message.From, Is.EqualTo(a.Id));
            Assert.That(message.Via, Is.EqualTo(a.Id));
            Assert.That(message.SequenceNumber, Is.EqualTo((ulong)_time.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000));
            Assert.That(message.Topic, Is.EqualTo(Topic));
            Assert.That(c.ReceivedCount + a.ReceivedCount, Is.Zero);
        });
    }

    private async Task<(TestRouter A, TestRouter B)> PairAsync(string? topicOfA, string? topicOfB, PubSubOptions? optionsA = null, PubSubOptions? optionsB = null)
    {
        TestRouter a = Add(optionsA);
        TestRouter b = Add(optionsB);
        if (topicOfA is not null)
            a.Subscribe(topicOfA);
        if (topicOfB is not null)
            b.Subscribe(topicOfB);
        a.Connect(b);
        await Until(() => a.CanSendTo(b) && b.CanSendTo(a), "streams");
        if (topicOfB is not null)
            await Until(() => a.Knows(b, topicOfB), "subscription of b");
        if (topicOfA is not null)
            await Until(() => b.Knows(a, topicOfA), "subscription of a");
        return (a, b);
    }

    private TestRouter Add(PubSubOptions? options = null)
    {
        TestRouter router = new(_swarm.Add(), options);
        _routers.Add(router);
        return router;
    }

    private static Task Until(Func<bool> condition, string what) => Wait.UntilAsync(condition, what);
}
