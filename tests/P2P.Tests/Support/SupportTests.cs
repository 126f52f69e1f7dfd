using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Tests.Support;

/// <summary>What other tests stand on must itself stand.</summary>
public sealed class SupportTests
{
    private const string Echo = "/echo/1";

    [Test]
    public void ManualTime_FiresTimersInTheOrderOfTheirTimes()
    {
        ManualTime time = new();
        List<(string, double)> fired = [];
        DateTimeOffset start = time.GetUtcNow();
        void Note(object? name) => fired.Add(((string)name!, (time.GetUtcNow() - start).TotalSeconds));
        using ITimer late = time.CreateTimer(Note, "late", TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        using ITimer periodic = time.CreateTimer(Note, "periodic", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));

        time.Advance(TimeSpan.FromSeconds(5));

        Assert.That(fired, Is.EqualTo(new[] { ("periodic", 2.0), ("periodic", 4.0), ("late", 5.0) }));
        Assert.That(time.PendingTimers, Is.EqualTo(1));
    }

    [Test]
    public async Task ManualTime_CompletesDelaysOnlyWhenAdvanced()
    {
        ManualTime time = new();
        var delay = Task.Delay(TimeSpan.FromHours(24), time);

        await time.AdvanceAsync(TimeSpan.FromHours(23));
        Assert.That(delay.IsCompleted, Is.False);
        await time.AdvanceAsync(TimeSpan.FromHours(1));

        await delay.InTime();
    }

    [Test]
    public async Task Settling_WaitsForWorkThatRunsAndForWhatItStarts()
    {
        bool done = false;
        _ = Task.Run(() =>
        {
            Thread.Sleep(100);
            _ = Task.Run(() => done = true);
        });

        await ManualTime.SettleAsync();

        Assert.That(done, Is.True);
    }

    [Test]
    public async Task TestNetwork_CarriesStreamsAndTellsOfThePeer()
    {
        TestSwarm swarm = new(new ManualTime());
        TestNetwork[] peers = swarm.Add(2);
        List<string> events = [];
        peers[0].PeerConnected += peer => events.Add("connected");
        peers[0].ConnectionOpened += connection => events.Add("opened");
        peers[0].Identified += peer => events.Add("identified " + string.Join(",", peer.Protocols!));
        peers[0].ConnectionClosed += connection => events.Add("closed");
        peers[0].PeerDisconnected += peer => events.Add("disconnected");
        peers[1].Handle(Echo, EchoAsync);

        peers[0].Connect(peers[1]);
        await using (PeerStream stream = await peers[0].OpenStreamAsync(peers[1].LocalPeer, ["/none/1", Echo]).InTime())
        {
            await stream.WriteAsync(new byte[] { 1, 2, 3 }).InTime();
            await stream.CloseWriteAsync().InTime();
            byte[] answer = new byte[4];
            int count = await stream.ReadAtLeastAsync(answer, 4, throwOnEndOfStream: false).AsTask().InTime();
            Assert.That(answer[..count], Is.EqualTo(new byte[] { 1, 2, 3 }));
            Assert.That(stream.Protocol, Is.EqualTo(Echo));
        }
        await peers[1].DisconnectAsync(peers[0].LocalPeer).InTime();

        Assert.That(events, Is.EqualTo(new[] { "connected", "opened", "identified " + Echo, "closed", "disconnected" }));
        Assert.That(swarm.Failures, Is.Empty);
    }

    [Test]
    public async Task TestNetwork_RefusesWhatIsNotServedAndResetsAboveTheLimit()
    {
        TestSwarm swarm = new(new ManualTime());
        TestNetwork[] peers = swarm.Add(2);
        peers[1].Handle(Echo, static (stream, cancellation) => Task.Delay(Timeout.Infinite, cancellation), new HandlerLimits(Inbound: 1));
        IPeerConnection connection = peers[0].Connect(peers[1]);

        PeerStream first = await connection.OpenStreamAsync([Echo]).InTime();
        PeerStream second = await connection.OpenStreamAsync([Echo]).InTime();

        await Assert.ThrowsAsync<UnsupportedProtocolException>(() => connection.OpenStreamAsync(["/none/1"]).AsTask());
        await Assert.ThrowsAsync<StreamResetException>(() => second.ReadAsync(new byte[1]).AsTask().InTime());
        peers[1].Kill();
        await Assert.ThrowsAsync<ConnectionClosedException>(() => first.ReadAsync(new byte[1]).AsTask().InTime());
        Assert.Throws<DialException>(() => peers[0].Connect(peers[1]));
    }

    [Test]
    public async Task TestNetwork_DelaysBytesByItsLatency()
    {
        ManualTime time = new();
        TestSwarm swarm = new(time) { Latency = static (_, _) => TimeSpan.FromMilliseconds(50) };
        TestNetwork[] peers = swarm.Add(2);
        peers[1].Handle(Echo, EchoAsync);
        PeerStream stream = await peers[0].Connect(peers[1]).OpenStreamAsync([Echo]).InTime();
        DateTimeOffset start = time.GetUtcNow();

        await stream.WriteAsync(new byte[] { 7 }).InTime();
        Task<int> reading = stream.ReadAsync(new byte[1]).AsTask();
        await Wait.UntilAsync(time, TimeSpan.FromMilliseconds(1), () => reading.IsCompleted, "echo");

        Assert.That(time.GetUtcNow() - start, Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(100)));
    }

    private static async Task EchoAsync(PeerStream stream, CancellationToken cancellation)
    {
        byte[] buffer = new byte[1024];
        for (int count; (count = await stream.ReadAsync(buffer, cancellation)) > 0;)
            await stream.WriteAsync(buffer.AsMemory(0, count), cancellation);
        await stream.CloseWriteAsync(cancellation);
    }
}
