using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Tests.Yamux;

[TestFixture]
internal sealed class YamuxSessionTests
{
    [Test]
    public async Task Close_SendsWhatWasWrittenAndSaysGoodbye()
    {
        await using RawPeer peer = RawPeer.Create(dialer: false);
        YamuxStream stream = await peer.Tested.OpenAsync();
        await stream.WriteAsync(new byte[] { 1, 2 });
        Task<int> reading = stream.ReadAsync(new byte[1]).AsTask();

        Task closing = peer.Session.CloseAsync().AsTask();

        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Syn, 1, 0);
        await peer.ExpectAsync(FrameType.Data, FrameFlags.None, 1, 2);
        await peer.ExpectAsync(FrameType.GoAway, FrameFlags.None, 0, 0);
        await closing.InTime();
        Assert.That(async () => await reading.InTime(), Throws.TypeOf<ConnectionClosedException>());
        Assert.That(async () => await peer.Session.OpenStreamAsync().InTime(), Throws.TypeOf<ConnectionClosedException>());
        Assert.That(async () => await peer.Session.PingAsync().InTime(), Throws.TypeOf<ConnectionClosedException>());
        Assert.That(peer.Session.CloseReason!.Message, Is.EqualTo("closed by us"));
        await peer.Session.CloseAsync().InTime();
    }

    [Test]
    public async Task Abort_EndsBothSides()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
        Task<int> reading = theirs.ReadAsync(new byte[1]).AsTask();

        near.Session.Abort("it misbehaves");

        Assert.That(near.Session.Closed.IsCancellationRequested, Is.True);
        Assert.That(
            async () => await ours.WriteAsync(new byte[1]), Throws.TypeOf<ConnectionClosedException>().With.Message.EqualTo("it misbehaves"));
        await near.Session.Completion.InTime();
        await far.Session.Completion.InTime();
        Assert.That(async () => await reading.InTime(), Throws.TypeOf<ConnectionClosedException>());
        Assert.That(far.Session.CloseReason!.Message, Does.Contain("code 2"));
    }

    [TestCase(0u)]
    [TestCase(1u)]
    [TestCase(4711u)]
    public async Task GoAway_OfAnyCodeEndsTheSession(uint code)
    {
        await using RawPeer peer = RawPeer.Create();

        await peer.SendAsync(FrameType.GoAway, FrameFlags.None, 0, code);

        await peer.Session.Completion.InTime();
        Assert.That(peer.Session.CloseReason!.Message, Does.Contain($"{code}"));
    }

    [Test]
    public async Task Close_DoesNotWaitForARemoteThatDoesNotRead()
    {
        ManualTime time = new();
        await using RawPeer peer = RawPeer.Create(dialer: false, time: time);
        YamuxStream stream = await peer.Tested.OpenAsync();
        await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.Ack, 1, 10_000_000);
        Task writing = stream.WriteAsync(new byte[10_000_000]).AsTask();

        Task closing = peer.Session.CloseAsync().AsTask();

        await Wait.UntilAsync(time, TimeSpan.FromMilliseconds(200), () => closing.IsCompleted, "end of the session");
        Assert.That(async () => await writing.InTime(), Throws.TypeOf<ConnectionClosedException>());
        Assert.That(time.PendingTimers, Is.Zero);
    }

    [Test]
    public async Task Ping_MeasuresTheRoundTripAndIsShared()
    {
        ManualTime time = new();
        await using RawPeer peer = RawPeer.Create(time: time);
        FrameHeader first = (await peer.ReceiveAnyAsync())!.Value.Header;
        Assert.That(first, Is.EqualTo(new FrameHeader(FrameType.Ping, FrameFlags.Syn, 0, first.Length)));
        Task<TimeSpan> one = peer.Session.PingAsync().AsTask();
        Task<TimeSpan> two = peer.Session.PingAsync().AsTask();
        time.Advance(TimeSpan.FromMilliseconds(40));

        await peer.SendAsync(FrameType.Ping, FrameFlags.Ack, 0, first.Length + 1);
        await peer.SendAsync(first with { Flags = FrameFlags.Ack });

        Assert.That(await one.InTime(), Is.EqualTo(TimeSpan.FromMilliseconds(40)));
        Assert.That(await two.InTime(), Is.EqualTo(TimeSpan.FromMilliseconds(40)));
        Assert.That(peer.Session.RoundTrip, Is.EqualTo(TimeSpan.FromMilliseconds(40)));
        Task<TimeSpan> next = peer.Session.PingAsync().AsTask();
        FrameHeader second = (await peer.ReceiveAnyAsync())!.Value.Header;
        Assert.That(second.Length, Is.Not.EqualTo(first.Length));
        await peer.SendAsync(second with { Flags = FrameFlags.Ack });
        Assert.That(await next.InTime(), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public async Task Ping_IsAnsweredWithItsValue()
    {
        await using RawPeer peer = RawPeer.Create();

        await peer.ExpectAliveAsync(0);
        await peer.ExpectAliveAsync(uint.MaxValue);
    }

    [Test]
    public async Task KeepAlive_PingsAndEndsASilentSession()
    {
        ManualTime time = new();
        await using RawPeer peer = RawPeer.Create(time: time);
        FrameHeader first = (await peer.ReceiveAnyAsync())!.Value.Header;
        time.Advance(TimeSpan.FromMilliseconds(70));
        await peer.SendAsync(first with { Flags = FrameFlags.Ack });
        await Wait.UntilAsync(() => peer.Session.RoundTrip == TimeSpan.FromMilliseconds(70), "round trip");
        await time.AdvanceAsync(YamuxWatch.EarlyTime - TimeSpan.FromMilliseconds(70));
        FrameHeader second = (await peer.ReceiveAnyAsync())!.Value.Header;
        Assert.That(second, Is.EqualTo(first with { Length = first.Length + 1 }));
        time.Advance(TimeSpan.FromMilliseconds(30));
        await peer.SendAsync(second with { Flags = FrameFlags.Ack });
        await Wait.UntilAsync(() => peer.Session.RoundTrip == TimeSpan.FromMilliseconds(30), "shorter round trip");

        await time.AdvanceAsync(TimeSpan.FromSeconds(35));

        FrameHeader third = (await peer.ReceiveAnyAsync())!.Value.Header;
        Assert.That(third, Is.EqualTo(second with { Length = second.Length + 1 }));
        Assert.That(peer.Session.CloseReason, Is.Null);
        await Wait.UntilAsync(time, TimeSpan.FromSeconds(1), () => peer.Session.Completion.IsCompleted, "end of the session");
        Assert.That(peer.Session.CloseReason!.Message, Does.Contain("does not answer"));
    }

    [Test]
    public async Task KeepAlive_SparesARemoteThatSendsButDoesNotAnswerPings()
    {
        ManualTime time = new();
        await using RawPeer peer = RawPeer.Create(time: time);
        for (int i = 0; i < 30; i++)
        {
            await peer.ExpectAliveAsync((uint)i);
            await time.AdvanceAsync(TimeSpan.FromSeconds(5));
        }
        Assert.That(peer.Session.CloseReason, Is.Null);
    }

    [Test]
    public async Task WriteTimeout_EndsASessionWhoseRemoteDoesNotRead()
    {
        ManualTime time = new();
        await using RawPeer peer = RawPeer.Create(dialer: false, time: time);
        YamuxStream stream = await peer.Tested.OpenAsync();
        await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.Ack, 1, 10_000_000);
        Task writing = stream.WriteAsync(new byte[10_000_000]).AsTask();
        for (int i = 0; i < 8 && peer.Session.CloseReason is null; i++)
        {
            // It still talks, so it is not dead.
            await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.None, 1, 1);
            await time.AdvanceAsync(TimeSpan.FromSeconds(5));
        }

        await Wait.UntilAsync(time, TimeSpan.FromSeconds(1), () => writing.IsCompleted, "end of the session");
        Assert.That(async () => await writing.InTime(), Throws.TypeOf<ConnectionClosedException>());
        Assert.That(peer.Session.CloseReason!.Message, Does.Contain("does not read"));
    }

    [Test]
    public async Task Open_HoldsBackUntilTheRemoteIsReady()
    {
        ManualTime time = new();
        await using RawPeer peer = RawPeer.Create(dialer: false, time: time);
        Task<YamuxStream>[] opening = [.. Enumerable.Range(0, 300).Select(_ => peer.Session.OpenStreamAsync().AsTask())];
        await ManualTime.SettleAsync();
        Assert.That(opening.Count(task => task.IsCompleted), Is.EqualTo(OpenGate.EarlyBacklog));

        await peer.SendDataAsync(1, [1], FrameFlags.Ack);
        await Wait.UntilAsync(() => opening.Count(task => task.IsCompleted) == OpenGate.MaxBacklog + 1, "wider gate");

        // Whatever ends the wait of a stream lets the next one through.
        await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.Rst, 3, 0);
        await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.Ack, 5, 0);
        (await opening[3].InTime()).Reset();
        await Wait.UntilAsync(() => opening.Count(task => task.IsCompleted) == OpenGate.MaxBacklog + 4, "three more");
        using CancellationTokenSource cancellation = new();
        Task<YamuxStream> cancelled = peer.Session.OpenStreamAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        Assert.That(async () => await cancelled.InTime(), Throws.InstanceOf<OperationCanceledException>());
        peer.Session.Abort("enough");
        Assert.That(async () => await opening[^1].InTime(), Throws.TypeOf<ConnectionClosedException>());
    }

    [Test]
    public async Task Open_WaitsForAnUnresponsiveRemoteOnlyForAMoment()
    {
        ManualTime time = new();
        await using RawPeer peer = RawPeer.Create(dialer: false, time: time);
        Task<YamuxStream>[] opening = [.. Enumerable.Range(0, 20).Select(_ => peer.Session.OpenStreamAsync().AsTask())];

        await time.AdvanceAsync(YamuxWatch.EarlyTime);

        await Task.WhenAll(opening).InTime();
    }

    [Test]
    public async Task Open_FailsOverTheLimit()
    {
        await using RawPeer peer = RawPeer.Create(dialer: false, options: new YamuxOptions { MaxOutboundStreams = 3 });
        YamuxStream[] streams = [await peer.Tested.OpenAsync(), await peer.Tested.OpenAsync(), await peer.Tested.OpenAsync()];

        Assert.That(async () => await peer.Session.OpenStreamAsync().InTime(), Throws.TypeOf<IOException>());

        streams[1].Reset();
        await peer.Tested.OpenAsync();
    }

    [Test]
    public async Task InboundStreams_OverTheLimitAreReset()
    {
        await using RawPeer peer = RawPeer.Create(options: new YamuxOptions { MaxInboundStreams = 2 });

        for (uint id = 1; id <= 5; id += 2)
            await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.Syn, id, 0);

        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Ack, 1, 0);
        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Ack, 3, 0);
        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Rst, 5, 0);
        Assert.That(peer.Session.StreamCount, Is.EqualTo(2));
        (await peer.Tested.AcceptAsync()).Reset();
        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Rst, 1, 0);
        await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.Syn, 7, 0);
        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Ack, 7, 0);
    }

    [Test]
    public async Task ManyStreams_AtOnceAllWork()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        await using (near)
        await using (far)
        {
            async Task EchoAsync(int number)
            {
                byte[] sent = BitConverter.GetBytes(number);
                YamuxStream stream = await near.OpenAsync();
                await stream.WriteAsync(sent);
                await stream.CloseWriteAsync();
                byte[] received = new byte[4];
                await stream.ReadExactlyAsync(received).InTime();
                Assert.That(received, Is.EqualTo(sent));
                Assert.That(await stream.ReadAsync(received).InTime(), Is.Zero);
                await stream.DisposeAsync();
            }
            async Task ServeAsync()
            {
                YamuxStream stream = await far.AcceptAsync();
                await stream.CopyToAsync(stream).InTime();
                await stream.CloseWriteAsync();
            }
            const int Count = 900;
            await Task.WhenAll([.. Enumerable.Range(0, Count).Select(EchoAsync), .. Enumerable.Range(0, Count).Select(_ => ServeAsync())]);
            Assert.That(near.Session.StreamCount + far.Session.StreamCount, Is.Zero);
            Assert.That(near.Session.MemoryUsed + far.Session.MemoryUsed, Is.Zero);
        }
    }
}
