using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub.Support;

/// <summary>Services and scripted peers on one in-memory network and one clock.</summary>
public abstract class GossipFixture
{
    internal const string Topic = "topic";

    private readonly List<TestRouter> _routers = [];

    private protected ManualTime Time { get; private set; } = new();

    private protected TestSwarm Swarm { get; private set; } = new(TimeProvider.System);

    /// <summary>Scores given by the application, P5, by peer; weight 1 if the options come from <see cref="Scored"/>.</summary>
    private protected Dictionary<PeerId, double> Scores { get; } = [];

    [SetUp]
    public void SetUpSwarm()
    {
        Time = new ManualTime();
        Swarm = new TestSwarm(Time);
        Scores.Clear();
    }

    [TearDown]
    public async Task TearDownSwarm()
    {
        foreach (TestRouter router in _routers)
        {
            Assert.That(router.Service.Completion.IsFaulted, Is.False, router.Service.Completion.Exception?.ToString());
            router.Network.Kill();
            await router.DisposeAsync();
        }
        _routers.Clear();
        Assert.That(Swarm.Failures, Is.Empty);
    }

    /// <summary>Options whose scores are those in <see cref="Scores"/>, besides P6 and P7.</summary>
    private protected PubSubOptions Scored(PubSubOptions? options = null) => (options ?? new PubSubOptions()) with
    {
        Scores = new PeerScoreOptions
        {
            Application = peer =>
            {
                lock (Scores)
                    return Scores.GetValueOrDefault(peer);
            },
            ApplicationWeight = 1,
        },
    };

    private protected void SetScore(ScriptedPeer peer, double score)
    {
        lock (Scores)
            Scores[peer.Id] = score;
    }

    private protected TestRouter AddRouter(PubSubOptions? options = null, params string[] topics)
    {
        TestRouter router = new(Swarm.Add(), options);
        foreach (string topic in topics)
            router.Subscribe(topic);
        _routers.Add(router);
        return router;
    }

    /// <summary>A scripted peer with streams to the router, subscribed to the topics.</summary>
    private protected async Task<ScriptedPeer> AddPeerAsync(
        TestRouter router, string? topic = Topic, bool dialledByRouter = false, string protocol = PubSubOptions.Version12)
    {
        ScriptedPeer peer = new(Swarm.Add(), protocol);
        await peer.ConnectAsync(router, dialledByRouter);
        if (topic is not null)
            await peer.SubscribeAsync(topic);
        return peer;
    }

    private protected async Task<ScriptedPeer[]> AddPeersAsync(TestRouter router, int count, string? topic = Topic, bool dialledByRouter = false)
    {
        ScriptedPeer[] peers = new ScriptedPeer[count];
        for (int i = 0; i < count; i++)
            peers[i] = await AddPeerAsync(router, topic, dialledByRouter);
        return peers;
    }

    /// <summary>Lets a number of heartbeats pass, the first of which comes 100 ms after the start.</summary>
    private protected async Task HeartbeatAsync(TestRouter router, int count = 1)
    {
        for (int i = 0; i < count; i++)
        {
            long tick = router.Service.Inspect(static parts => parts.Heartbeat.Tick);
            TimeSpan step = TimeSpan.FromMilliseconds(100);
            while (router.Service.Inspect(static parts => parts.Heartbeat.Tick) == tick)
                await Time.AdvanceAsync(step);
        }
    }

    private protected static Task Until(Func<bool> condition, string what) => Wait.UntilAsync(condition, what);
}
