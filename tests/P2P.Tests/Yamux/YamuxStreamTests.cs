using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Tests.Yamux;

[TestFixture]
internal sealed class YamuxStreamTests
{
    [Test]
    public async Task Streams_CarryBytesBothWays()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        await using (near)
        await using (far)
        {
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            (YamuxStream theirs2, YamuxStream ours2) = await far.ConnectAsync(near);

            await ours.WriteAsync("one"u8.ToArray());
            await theirs.WriteAsync("two"u8.ToArray());
            await theirs2.WriteAsync("three"u8.ToArray());

            Assert.That(await ReadAsync(theirs), Is.EqualTo("one"));
            Assert.That(await ReadAsync(ours), Is.EqualTo("two"));
            Assert.That(await ReadAsync(ours2), Is.EqualTo("three"));
            Assert.That(ours.Direction, Is.EqualTo(Direction.Outbound));
            Assert.That(theirs.Direction, Is.EqualTo(Direction.Inbound));
            Assert.That(ours.Id, Is.EqualTo(1));
            Assert.That(theirs2.Id, Is.EqualTo(2));
            Assert.That(ours.Connection, Is.SameAs(near.Connection));
        }
    }

    [Test]
    public async Task CloseWrite_EndsOneDirectionOnly()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        await using (near)
        await using (far)
        {
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            await ours.WriteAsync("last"u8.ToArray());
            await ours.CloseWriteAsync();
            await ours.CloseWriteAsync();
            Assert.That(await ReadAsync(theirs), Is.EqualTo("last"));
            Assert.That(await ReadAsync(theirs), Is.Empty);
            Assert.That(await ReadAsync(theirs), Is.Empty);

            await theirs.WriteAsync("answer"u8.ToArray());
            Assert.That(near.Session.StreamCount, Is.EqualTo(1));
            await theirs.CloseWriteAsync();

            Assert.That(await ReadAsync(ours), Is.EqualTo("answer"));
            Assert.That(await ReadAsync(ours), Is.Empty);
            Assert.That(near.Session.StreamCount, Is.Zero);
            Assert.That(far.Session.StreamCount, Is.Zero);
            Assert.That(() => ours.WriteAsync(new byte[1]), Throws.InvalidOperationException);
        }
    }

    [Test]
    public async Task Reset_FailsBothEnds()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        await using (near)
        await using (far)
        {
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            Task<int> reading = theirs.ReadAsync(new byte[1]).AsTask();

            ours.Reset();
            ours.Reset();

            Assert.That(async () => await reading.InTime(), Throws.TypeOf<StreamResetException>());
            Assert.That(async () => await ours.ReadAsync(new byte[1]).InTime(), Throws.TypeOf<StreamResetException>());
            Assert.That(async () => await ours.WriteAsync(new byte[1]).InTime(), Throws.TypeOf<StreamResetException>());
            Assert.That(async () => await theirs.WriteAsync(new byte[1]).InTime(), Throws.TypeOf<StreamResetException>());
            theirs.Reset();
            await theirs.CloseWriteAsync();
            await Wait.UntilAsync(() => near.Session.StreamCount + far.Session.StreamCount == 0, "end of the stream");
        }
    }

    [Test]
    public async Task Reset_FailsAWriteThatWaitsForTheWindow()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        await using (near)
        await using (far)
        {
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            Task writing = ours.WriteAsync(new byte[ReceiveWindow.Initial + 1]).AsTask();
            await Wait.UntilAsync(() => theirs.Receive.Unread == ReceiveWindow.Initial, "full window");
            Assert.That(writing.IsCompleted, Is.False);

            theirs.Reset();

            Assert.That(async () => await writing.InTime(), Throws.TypeOf<StreamResetException>());
        }
    }

    [Test]
    public async Task Dispose_ResetsWhatIsNotClosed()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        await using (near)
        await using (far)
        {
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            await ours.CloseWriteAsync();

            await ours.DisposeAsync();

            Assert.That(async () => await theirs.WriteAsync(new byte[1]).InTime(), Throws.TypeOf<StreamResetException>().After(5000, 20));
        }
    }

    [Test]
    public async Task Dispose_LeavesAClosedStreamInPeace()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        await using (near)
        await using (far)
        {
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            await ours.WriteAsync("all"u8.ToArray());
            await ours.CloseWriteAsync();
            await theirs.CloseWriteAsync();
            await Wait.UntilAsync(() => near.Session.StreamCount == 0, "end of the stream");

            await ours.DisposeAsync();

            Assert.That(await ReadAsync(theirs), Is.EqualTo("all"));
            Assert.That(await ReadAsync(theirs), Is.Empty);
        }
    }

    [Test]
    public async Task RemoteReset_LeavesWhatWasSentToTheEnd()
    {
        await using RawPeer peer = RawPeer.Create();
        await peer.SendDataAsync(1, [1, 2, 3], FrameFlags.Syn | FrameFlags.Fin);
        await peer.SendDataAsync(3, [1, 2, 3], FrameFlags.Syn);
        await peer.SendAsync(
            new FrameHeader(FrameType.WindowUpdate, FrameFlags.Rst, 1, 77), new FrameHeader(FrameType.WindowUpdate, FrameFlags.Rst, 3, 0));
        await peer.ExpectAliveAsync();
        YamuxStream complete = await peer.Tested.AcceptAsync();
        YamuxStream cut = await peer.Tested.AcceptAsync();

        Assert.That(await complete.ReadAsync(new byte[9]).InTime(), Is.EqualTo(3));
        Assert.That(await complete.ReadAsync(new byte[9]).InTime(), Is.Zero);
        Assert.That(async () => await complete.WriteAsync(new byte[1]).InTime(), Throws.TypeOf<StreamResetException>());
        Assert.That(async () => await cut.ReadAsync(new byte[9]).InTime(), Throws.TypeOf<StreamResetException>());
    }

    [Test]
    public async Task CancelledRead_LosesNothing()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        await using (near)
        await using (far)
        {
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            using CancellationTokenSource cancellation = new();
            Task<int> reading = theirs.ReadAsync(new byte[4], cancellation.Token).AsTask();
            await cancellation.CancelAsync();
            Assert.That(async () => await reading.InTime(), Throws.InstanceOf<OperationCanceledException>());
            Assert.That(async () => await theirs.ReadAsync(new byte[4], cancellation.Token), Throws.InstanceOf<OperationCanceledException>());

            await ours.WriteAsync("kept"u8.ToArray());

            Assert.That(await ReadAsync(theirs), Is.EqualTo("kept"));
        }
    }

    [Test]
    public async Task CancelledWrite_LeavesTheSessionAlone()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        await using (near)
        await using (far)
        {
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            using CancellationTokenSource cancellation = new();
            Task writing = ours.WriteAsync(new byte[2 * ReceiveWindow.Initial], cancellation.Token).AsTask();
            await Wait.UntilAsync(() => theirs.Receive.Unread == ReceiveWindow.Initial, "full window");
            await cancellation.CancelAsync();
            Assert.That(async () => await writing.InTime(), Throws.InstanceOf<OperationCanceledException>());
            ours.Reset();

            (YamuxStream next, YamuxStream nextFar) = await near.ConnectAsync(far);
            await next.WriteAsync("works"u8.ToArray());

            Assert.That(await ReadAsync(nextFar), Is.EqualTo("works"));
        }
    }

    [Test]
    public async Task ReadOfNoBytes_WaitsForSomethingToRead()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        await using (near)
        await using (far)
        {
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            ValueTask<int> ready = theirs.ReadAsync(Memory<byte>.Empty);
            Assert.That(ready.IsCompleted, Is.False);

            await ours.WriteAsync("here"u8.ToArray());

            Assert.That(await ready.InTime(), Is.Zero);
            Assert.That(await ReadAsync(theirs), Is.EqualTo("here"));
        }
    }

    [Test]
    public async Task TwoReadersOrWriters_AreADefect()
    {
        await using RawPeer peer = RawPeer.Create(dialer: false);
        YamuxStream stream = await peer.Tested.OpenAsync();
        Task<int> reading = stream.ReadAsync(new byte[1]).AsTask();
        Task writing = stream.WriteAsync(new byte[ReceiveWindow.Initial + 1]).AsTask();

        Assert.That(() => stream.ReadAsync(new byte[1]), Throws.InvalidOperationException);
        Assert.That(() => stream.WriteAsync(new byte[1]), Throws.InvalidOperationException);
        stream.Reset();
        Assert.That(async () => await reading.InTime(), Throws.TypeOf<StreamResetException>());
        Assert.That(async () => await writing.InTime(), Throws.TypeOf<StreamResetException>());
    }

    [Test]
    public async Task EndOfTheConnection_LeavesWhatWasReceived()
    {
        await using RawPeer peer = RawPeer.Create();
        await peer.SendDataAsync(1, [1, 2, 3], FrameFlags.Syn | FrameFlags.Fin);
        await peer.SendDataAsync(3, [4, 5], FrameFlags.Syn);
        peer.CompleteWriting();
        await peer.Session.Completion.InTime();
        YamuxStream complete = await peer.Tested.AcceptAsync();
        YamuxStream cut = await peer.Tested.AcceptAsync();

        Assert.That(await complete.ReadAsync(new byte[9]).InTime(), Is.EqualTo(3));
        Assert.That(await complete.ReadAsync(new byte[9]).InTime(), Is.Zero);
        Assert.That(await cut.ReadAsync(new byte[9]).InTime(), Is.EqualTo(2));
        Assert.That(async () => await cut.ReadAsync(new byte[9]).InTime(), Throws.TypeOf<ConnectionClosedException>());
        Assert.That(async () => await cut.WriteAsync(new byte[9]).InTime(), Throws.TypeOf<ConnectionClosedException>());
    }

    /// <summary>A reset goes before what is not sent yet, so that the remote might lose the answer.</summary>
    [Test]
    public async Task StreamDisposedOf_AtTheMomentTheRemoteFinishes_IsNotReset()
    {
        await using RawPeer peer = RawPeer.Create();
        await peer.SendDataAsync(1, [1], FrameFlags.Syn);
        YamuxStream stream = await peer.Tested.AcceptAsync();
        Assert.That(await stream.ReadAsync(new byte[1]).InTime(), Is.EqualTo(1));
        await stream.WriteAsync(new byte[] { 2 });
        await stream.CloseWriteAsync();
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new AtOnce());
        Task disposed = DisposeAtTheEndAsync(stream);
        SynchronizationContext.SetSynchronizationContext(before);

        await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.Fin, 1, 0);
        await disposed.InTime();
        peer.CompleteWriting();

        List<FrameFlags> flags = [];
        while (await peer.ReceiveAsync() is { } frame)
            flags.Add(frame.Header.Flags);
        Assert.That(flags, Has.Some.Matches<FrameFlags>(flag => flag.HasFlag(FrameFlags.Fin)));
        Assert.That(flags, Has.None.Matches<FrameFlags>(flag => flag.HasFlag(FrameFlags.Rst)));
    }

    internal static async Task<string> ReadAsync(Stream stream)
    {
        byte[] buffer = new byte[100];
        int count = await stream.ReadAsync(buffer).InTime();
        return System.Text.Encoding.UTF8.GetString(buffer.AsSpan(0, count));
    }

    private static async Task DisposeAtTheEndAsync(YamuxStream stream)
    {
        Assert.That(await stream.ReadAsync(new byte[1]), Is.Zero);
        await stream.DisposeAsync();
    }

    /// <summary>Goes on within the call that ends the wait.</summary>
    private sealed class AtOnce : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => d(state);
    }
}
