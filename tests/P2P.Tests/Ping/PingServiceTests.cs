using P2PMiner.P2P.Network;
using P2PMiner.P2P.Ping;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Ping;

public sealed class PingServiceTests
{
    private ManualTime _time = null!;
    private TestSwarm _swarm = null!;
    private TestNetwork[] _peers = null!;
    private PingService _ping = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _swarm = new TestSwarm(_time);
        _peers = _swarm.Add(2);
        _ping = new PingService(_peers[0]);
    }

    [Test]
    public async Task Ping_MeasuresTheRoundTrip()
    {
        _ = new PingService(_peers[1]);
        _swarm.Latency = static (_, _) => TimeSpan.FromMilliseconds(20);
        IPeerConnection connection = _peers[0].Connect(_peers[1]);
        Task<TimeSpan> pinging = _ping.PingAsync(connection, CancellationToken.None);

        await Wait.UntilAsync(_time, TimeSpan.FromMilliseconds(1), () => pinging.IsCompleted, "pong");

        Assert.That(await pinging, Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(40)));
        await Wait.UntilAsync(_time, TimeSpan.FromMilliseconds(1), () => connection.StreamCount == 0, "end of the stream");
    }

    [Test]
    public async Task Ping_OfManyAtOnceTakesTurns()
    {
        _ = new PingService(_peers[1]);
        IPeerConnection connection = _peers[0].Connect(_peers[1]);

        TimeSpan[] roundTrips = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _ping.PingAsync(connection, CancellationToken.None))).InTime();

        Assert.That(roundTrips, Has.Length.EqualTo(20));
        Assert.That(_swarm.Failures, Is.Empty);
    }

    [Test]
    public async Task Ping_HasOneStreamPerPeerOverAllItsConnections()
    {
        int opened = 0;
        TaskCompletionSource answer = new();
        _peers[1].Handle(PingService.Id, async (stream, cancellation) =>
        {
            Interlocked.Increment(ref opened);
            await answer.Task;
            byte[] ping = new byte[32];
            await stream.ReadExactlyAsync(ping, cancellation);
            await stream.WriteAsync(ping, cancellation);
            await stream.CloseWriteAsync(cancellation);
            _ = await stream.ReadAsync(ping, cancellation);
        });
        Task<TimeSpan>[] pings = [.. Enumerable.Range(0, 3).Select(_ => _ping.PingAsync(SecondConnection(), CancellationToken.None))];
        await Wait.UntilAsync(() => opened > 0, "first stream");
        await ManualTime.SettleAsync();

        Assert.That(opened, Is.EqualTo(1));
        answer.SetResult();
        await Task.WhenAll(pings).InTime();
        Assert.That(opened, Is.EqualTo(3));
    }

    [Test]
    public async Task Ping_ServesTwoStreamsOfAPeer_AndAThirdOnlyIfOneEndsSoon()
    {
        _ = new PingService(_peers[1]);
        await using PeerStream first = await SecondConnection().OpenStreamAsync([PingService.Id]).InTime();
        await using PeerStream second = await SecondConnection().OpenStreamAsync([PingService.Id]).InTime();
        await EchoAsync(first);
        await EchoAsync(second);
        await using PeerStream third = await SecondConnection().OpenStreamAsync([PingService.Id]).InTime();
        Task waiting = EchoAsync(third);
        await ManualTime.SettleAsync();
        Assert.That(waiting.IsCompleted, Is.False);
        await first.CloseWriteAsync();
        await waiting.InTime();

        await using PeerStream fourth = await SecondConnection().OpenStreamAsync([PingService.Id]).InTime();
        waiting = EchoAsync(fourth);
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => waiting.IsCompleted, "end of the stream that is too much");
        await Assert.ThatAsync(() => waiting, Throws.InstanceOf<IOException>());
        await EchoAsync(second);
        await EchoAsync(third);
    }

    [Test]
    public async Task Ping_ServesSeveralPerStream()
    {
        _ = new PingService(_peers[1]);
        await using PeerStream stream = await _peers[0].Connect(_peers[1]).OpenStreamAsync([PingService.Id]).InTime();
        byte[] echo = new byte[32];
        for (byte i = 0; i < 5; i++)
        {
            byte[] ping = [.. Enumerable.Repeat(i, 32)];
            await stream.WriteAsync(ping).InTime();
            await stream.ReadExactlyAsync(echo).InTime();
            Assert.That(echo, Is.EqualTo(ping));
        }
        await stream.CloseWriteAsync().InTime();

        Assert.That(await stream.ReadAsync(echo).InTime(), Is.Zero);
    }

    [Test]
    public async Task Ping_FailsOnOtherBytesAndOnSilence()
    {
        _peers[1].Handle(PingService.Id, static async (stream, cancellation) =>
        {
            await stream.WriteAsync(new byte[32], cancellation);
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        IPeerConnection connection = _peers[0].Connect(_peers[1]);
        await Assert.ThatAsync(() => _ping.PingAsync(connection, CancellationToken.None).InTime(), Throws.InstanceOf<ProtocolException>());

        _peers[1].Handle(PingService.Id, static (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation));
        Task<TimeSpan> silent = _ping.PingAsync(connection, CancellationToken.None);
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => silent.IsCompleted, "end");
        await Assert.ThatAsync(() => silent, Throws.InstanceOf<TimeoutException>());
    }

    [Test]
    public async Task Ping_TellsCancellationFromTimeout()
    {
        _peers[1].Handle(PingService.Id, static (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation));
        using CancellationTokenSource caller = new();
        Task<TimeSpan> pinging = _ping.PingAsync(_peers[0].Connect(_peers[1]), caller.Token);
        await caller.CancelAsync();

        await Assert.ThatAsync(() => pinging.InTime(), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Ping_GivesUpAStreamOnWhichNothingComes()
    {
        _ = new PingService(_peers[1]);
        IPeerConnection connection = _peers[0].Connect(_peers[1]);
        await using PeerStream stream = await connection.OpenStreamAsync([PingService.Id]).InTime();

        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(10), () => ((TestConnection)connection).Other.StreamCount == 0, "end of the stream");
    }

    /// <summary>One more connection of the same two peers.</summary>
    private TestConnection SecondConnection() => TestConnection.Create(_peers[0], _peers[1]);

    private static async Task EchoAsync(PeerStream stream)
    {
        byte[] echo = new byte[32];
        await stream.WriteAsync(echo).InTime();
        await stream.ReadExactlyAsync(echo).AsTask().InTime();
    }
}
