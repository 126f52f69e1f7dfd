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
}
