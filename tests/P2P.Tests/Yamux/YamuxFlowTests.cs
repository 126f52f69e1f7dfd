using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Tests.Yamux;

/// <summary>Windows, order and fairness of what is sent.</summary>
[TestFixture]
internal sealed class YamuxFlowTests
{
    [Test]
    public async Task Sender_KeepsToTheWindowOfTheRemote()
    {
        await using RawPeer peer = RawPeer.Create(dialer: false);
        YamuxStream stream = await peer.Tested.OpenAsync();
        Task writing = stream.WriteAsync(new byte[ReceiveWindow.Initial + 1000]).AsTask();
        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Syn, 1, 0);
        Assert.That(await ReceiveDataAsync(peer, ReceiveWindow.Initial), Is.EqualTo(ReceiveWindow.Initial));
        await peer.ExpectAliveAsync();
        Assert.That(writing.IsCompleted, Is.False);

        await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.Ack, 1, 400);
        Assert.That(await ReceiveDataAsync(peer, 400), Is.EqualTo(400));
        await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.None, 1, 10_000);
        Assert.That(await ReceiveDataAsync(peer, 600), Is.EqualTo(600));

        await writing.InTime();
    }

    [Test]
    public async Task Frames_AreNoLongerThan64KiB()
    {
        await using RawPeer peer = RawPeer.Create(dialer: false);
        YamuxStream stream = await peer.Tested.OpenAsync();
        await stream.WriteAsync(new byte[200_000]);
        await stream.CloseWriteAsync();
        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Syn, 1, 0);
        for (int left = 200_000; left > 0;)
        {
            (FrameHeader header, byte[] body) = (await peer.ReceiveAsync())!.Value;
            Assert.That(body, Has.Length.InRange(1, 65536));
            left -= body.Length;
        }
        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Fin, 1, 0);
    }

    [Test]
    public async Task SmallWrites_ShareFrames()
    {
        await using RawPeer peer = RawPeer.Create(dialer: false);
        YamuxStream stream = await peer.Tested.OpenAsync();
        YamuxStream filler = await peer.Tested.OpenAsync();
        // The wire holds 256 KiB: what comes after that has to wait and so can be gathered.
        Task filling = filler.WriteAsync(new byte[ReceiveWindow.Initial]).AsTask();
        await Wait.UntilAsync(() => filling.IsCompleted, "full batches");
        for (int i = 0; i < 100; i++)
            await stream.WriteAsync(new byte[200]).InTime();

        Assert.That(await ReceiveDataAsync(peer, 100 * 200, stream.Id), Is.EqualTo(100 * 200));

        Assert.That(peer.Session.Writer.DataFrames, Is.LessThan(100));
    }

    [Test]
    public async Task SmallStream_IsNotHeldUpByALargeOne()
    {
        await using RawPeer peer = RawPeer.Create(dialer: false);
        YamuxStream large = await peer.Tested.OpenAsync();
        YamuxStream small = await peer.Tested.OpenAsync();
        await peer.SendAsync(
            new FrameHeader(FrameType.WindowUpdate, FrameFlags.Ack, 1, 100_000_000), new FrameHeader(FrameType.WindowUpdate, FrameFlags.Ack, 3, 0));
        Task writing = large.WriteAsync(new byte[10_000_000]).AsTask();
        await Wait.UntilAsync(() => !peer.Session.Writer.IsIdle && large.Send.IsQueued, "line");

        Task quick = small.WriteAsync(new byte[100]).AsTask();

        int before = 0;
        while (true)
        {
            (FrameHeader header, byte[] body) = (await peer.ReceiveAsync())!.Value;
            if (header.StreamId == small.Id && body.Length > 0)
                break;
            before += body.Length;
        }
        await quick.InTime();
        // What was under way: the wire, the batch being written, the batch that is full, and a turn of the large stream.
        Assert.That(before, Is.LessThan(ByteQueue.DefaultCapacity + (3 * SendBatch.MaxSize)));
        large.Reset();
        Assert.That(async () => await writing.InTime(), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task LargeStreams_TakeTurns()
    {
        await using RawPeer peer = RawPeer.Create(dialer: false);
        const int Size = 2_000_000;
        YamuxStream[] streams = [await peer.Tested.OpenAsync(), await peer.Tested.OpenAsync(), await peer.Tested.OpenAsync()];
        await peer.SendAsync([.. streams.Select(stream => new FrameHeader(FrameType.WindowUpdate, FrameFlags.Ack, stream.Id, 2 * Size))]);
        Task[] writing = [.. streams.Select(stream => stream.WriteAsync(new byte[Size]).AsTask())];
        Dictionary<uint, int> received = streams.ToDictionary(stream => stream.Id, _ => 0);
        while (received.Values.Sum() < 3 * Size)
        {
            (FrameHeader header, byte[] body) = (await peer.ReceiveAsync())!.Value;
            if (header.Type != FrameType.Data)
                continue;
            received[header.StreamId] += body.Length;
            // The first may have filled wire and batches before the others came.
            if (received.Values.Max() < Size)
                Assert.That(received.Values.Max() - received.Values.Min(), Is.LessThan(ReceiveWindow.Initial + (4 * SendBatch.MaxSize)));
        }
        await Task.WhenAll(writing).InTime();
    }

    [Test]
    public async Task PingAnswers_OvertakeData()
    {
        await using RawPeer peer = RawPeer.Create(dialer: false);
        YamuxStream stream = await peer.Tested.OpenAsync();
        await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.Ack, 1, 100_000_000);
        Task writing = stream.WriteAsync(new byte[10_000_000]).AsTask();
        await Wait.UntilAsync(() => stream.Send.IsQueued, "line");

        await peer.SendAsync(FrameType.Ping, FrameFlags.Syn, 0, 4711);
        // Nothing is read yet, so all comes to rest behind what is full already: the answer stands in its place then.
        await ManualTime.SettleAsync();

        int before = 0;
        while (true)
        {
            (FrameHeader header, byte[] body) = (await peer.ReceiveAnyAsync())!.Value;
            if (header == new FrameHeader(FrameType.Ping, FrameFlags.Ack, 0, 4711))
                break;
            before += body.Length;
        }
        Assert.That(before, Is.LessThan(ByteQueue.DefaultCapacity + (3 * SendBatch.MaxSize)));
        stream.Reset();
        Assert.That(async () => await writing.InTime(), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task Receiver_GrantsAnewWhenHalfTheWindowWasRead()
    {
        await using RawPeer peer = RawPeer.Create();
        const int Half = ReceiveWindow.Initial / 2;
        await peer.SendDataAsync(1, new byte[Half - 1], FrameFlags.Syn);
        YamuxStream stream = await peer.Tested.AcceptAsync();
        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Ack, 1, 0);
        await stream.ReadExactlyAsync(new byte[Half - 1]).InTime();
        await peer.SendDataAsync(1, [1]);

        await stream.ReadExactlyAsync(new byte[1]).InTime();

        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.None, 1, Half);
    }

    [Test]
    public async Task Window_GrowsOnAPathWithALongRoundTrip()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair(latency: () => TimeSpan.FromMilliseconds(20));
        await using (near)
        await using (far)
        {
            await far.Session.PingAsync().InTime();
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            Task writing = ours.WriteAsync(new byte[8_000_000]).AsTask();
            byte[] buffer = new byte[100_000];
            for (int total = 0; total < 8_000_000;)
                total += await theirs.ReadAsync(buffer).InTime();
            await writing.InTime();
            Assert.That(theirs.Receive.WindowSize, Is.GreaterThan(ReceiveWindow.Initial));
            Assert.That(far.Session.MemoryUsed, Is.GreaterThanOrEqualTo(theirs.Receive.WindowSize - ReceiveWindow.Initial));
            await ours.CloseWriteAsync();
            Assert.That(await theirs.ReadAsync(buffer).InTime(), Is.Zero);
            Assert.That(far.Session.MemoryUsed, Is.Zero);
        }
    }

    private static async Task<int> ReceiveDataAsync(RawPeer peer, int count, uint? stream = null)
    {
        int total = 0;
        while (total < count)
        {
            (FrameHeader header, byte[] body) = (await peer.ReceiveAsync())!.Value;
            total += stream is null || header.StreamId == stream ? body.Length : 0;
        }
        return total;
    }
}
