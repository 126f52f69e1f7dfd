using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Tests.Yamux;

/// <summary>Remotes that break rules: what is a fault ends that session with GoAway 1, everything else is harmless.</summary>
[TestFixture]
internal sealed class YamuxHostileTests
{
    private static IEnumerable<TestCaseData> Faults()
    {
        TestCaseData Case(string name, params FrameHeader[] frames) => new TestCaseData((object)frames).SetArgDisplayNames(name);
        FrameHeader syn = new(FrameType.WindowUpdate, FrameFlags.Syn, 1, 0);
        yield return Case("unknown type", new FrameHeader((FrameType)4, FrameFlags.None, 1, 0));
        yield return Case("wrong parity", syn with { StreamId = 2 });
        yield return Case("wrong parity with data", new FrameHeader(FrameType.Data, FrameFlags.Syn, 4, 1));
        yield return Case("stream 0 opened", syn with { StreamId = 0 });
        yield return Case("stream opened twice", syn, syn);
        yield return Case("data for the session", new FrameHeader(FrameType.Data, FrameFlags.None, 0, 1));
        yield return Case("window of the session", new FrameHeader(FrameType.WindowUpdate, FrameFlags.None, 0, 1));
        yield return Case("ping for a stream", new FrameHeader(FrameType.Ping, FrameFlags.Syn, 1, 0));
        yield return Case("ping without flags", new FrameHeader(FrameType.Ping, FrameFlags.None, 0, 0));
        yield return Case("ping with odd flags", new FrameHeader(FrameType.Ping, FrameFlags.Syn | FrameFlags.Ack, 0, 0));
        yield return Case("window exceeded at once", new FrameHeader(FrameType.Data, FrameFlags.Syn, 1, ReceiveWindow.Initial + 1));
        yield return Case("body longer than any window", new FrameHeader(FrameType.Data, FrameFlags.None, 77, uint.MaxValue));
        yield return Case(
            "send window beyond 32 bits", syn, new FrameHeader(FrameType.WindowUpdate, FrameFlags.None, 1, uint.MaxValue - 1000));
    }

    [TestCaseSource(nameof(Faults))]
    public async Task Fault_EndsTheSessionWithACode(FrameHeader[] frames)
    {
        await using RawPeer peer = RawPeer.Create();

        await peer.SendAsync(frames);

        await peer.ExpectCutOffAsync();
    }

    [Test]
    public async Task OtherVersion_IsAFault()
    {
        await using RawPeer peer = RawPeer.Create();

        await peer.SendRawAsync(new byte[] { 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 });

        await peer.ExpectCutOffAsync();
    }

    [Test]
    public async Task WindowExceededByOneByte_IsAFault()
    {
        await using RawPeer peer = RawPeer.Create();
        await peer.SendDataAsync(1, new byte[ReceiveWindow.Initial], FrameFlags.Syn);
        await peer.ExpectAliveAsync();

        await peer.SendDataAsync(1, [1]);

        await peer.ExpectCutOffAsync();
    }

    [Test]
    public async Task FramesForUnknownStreams_AreIgnored()
    {
        await using RawPeer peer = RawPeer.Create();

        await peer.SendDataAsync(9, new byte[100_000]);
        await peer.SendDataAsync(8, new byte[10], FrameFlags.Fin | FrameFlags.Ack);
        await peer.SendAsync(
            new FrameHeader(FrameType.WindowUpdate, FrameFlags.None, 9, 5000),
            new FrameHeader(FrameType.WindowUpdate, FrameFlags.Rst, 11, 0),
            new FrameHeader(FrameType.WindowUpdate, FrameFlags.Fin, 12, 0),
            new FrameHeader(FrameType.Data, FrameFlags.Rst, 13, 0),
            new FrameHeader(FrameType.Ping, FrameFlags.Ack, 0, 12345));

        await peer.ExpectAliveAsync();
        Assert.That(peer.Session.StreamCount, Is.Zero);
    }

    [Test]
    public async Task FramesAfterTheEnd_AreIgnored()
    {
        await using RawPeer peer = RawPeer.Create();
        await peer.SendDataAsync(1, [1], FrameFlags.Syn | FrameFlags.Fin);
        YamuxStream stream = await peer.Tested.AcceptAsync();
        await peer.SendAsync(
            new FrameHeader(FrameType.WindowUpdate, FrameFlags.Fin, 1, 0),
            new FrameHeader(FrameType.WindowUpdate, FrameFlags.None, 1, 9),
            new FrameHeader(FrameType.Data, FrameFlags.Fin, 1, 0));
        await stream.CloseWriteAsync();

        await peer.SendAsync(
            new FrameHeader(FrameType.WindowUpdate, FrameFlags.None, 1, 9),
            new FrameHeader(FrameType.WindowUpdate, FrameFlags.Rst, 1, 0),
            new FrameHeader(FrameType.WindowUpdate, FrameFlags.Rst, 1, 0));

        await peer.ExpectAliveAsync();
        Assert.That(await stream.ReadAsync(new byte[5]).InTime(), Is.EqualTo(1));
        Assert.That(await stream.ReadAsync(new byte[5]).InTime(), Is.Zero);
    }

    [Test]
    public async Task DataAfterFin_ResetsTheStreamOnly()
    {
        await using RawPeer peer = RawPeer.Create();
        await peer.SendAsync(FrameType.WindowUpdate, FrameFlags.Syn | FrameFlags.Fin, 1, 0);
        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Ack, 1, 0);

        await peer.SendDataAsync(1, [1, 2, 3]);

        await peer.ExpectAsync(FrameType.WindowUpdate, FrameFlags.Rst, 1, 0);
        await peer.ExpectAliveAsync();
    }

    [Test]
    public async Task UnknownFlags_AreIgnored()
    {
        await using RawPeer peer = RawPeer.Create();
        await peer.SendDataAsync(1, [5], FrameFlags.Syn | (FrameFlags)0x7ff0);

        YamuxStream stream = await peer.Tested.AcceptAsync();

        Assert.That(await stream.ReadAsync(new byte[5]).InTime(), Is.EqualTo(1));
    }

    [Test]
    public async Task EndWithinAFrame_EndsTheSession()
    {
        byte[] frame = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3];
        for (int length = 0; length <= frame.Length; length++)
        {
            await using RawPeer peer = RawPeer.Create();
            await peer.SendRawAsync(frame.AsMemory(0, length));
            peer.CompleteWriting();
            await peer.Session.Completion.InTime();
            bool whole = length == 0 || length == frame.Length;
            Assert.That(peer.Session.CloseReason!.Message, whole ? Does.Contain("closed") : Does.Contain("within a frame"), $"after {length}");
        }
    }

    [Test]
    public async Task NeverReadStream_StopsItsSenderAndTakesBoundedMemory()
    {
        (SessionEnd near, SessionEnd far) = SessionEnd.CreatePair();
        await using (near)
        await using (far)
        {
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            Task writing = ours.WriteAsync(new byte[5_000_000]).AsTask();
            await Wait.UntilAsync(() => theirs.Receive.Unread == ReceiveWindow.Initial, "full window");
            (YamuxStream other, YamuxStream otherFar) = await near.ConnectAsync(far);

            await other.WriteAsync("not held up"u8.ToArray());

            Assert.That(await YamuxStreamTests.ReadAsync(otherFar), Is.EqualTo("not held up"));
            Assert.That(writing.IsCompleted, Is.False);
            Assert.That(far.Session.MemoryUsed, Is.LessThanOrEqualTo(ReceiveWindow.Initial + SegmentQueue.MaxSegment));
            await theirs.DisposeAsync();
            Assert.That(async () => await writing.InTime(), Throws.TypeOf<StreamResetException>());
        }
    }

    [Test]
    public async Task UnreadDataOverTheConnectionsShare_ResetsTheStreamsThatExceedIt()
    {
        YamuxOptions options = new() { ConnectionMemory = 1_000_000 };
        await using RawPeer peer = RawPeer.Create(options: options);
        for (uint id = 1; id <= 19; id += 2)
            await peer.SendDataAsync(id, new byte[ReceiveWindow.Initial - 5000], FrameFlags.Syn);

        await peer.ExpectAliveAsync();

        Assert.That(peer.Session.MemoryUsed, Is.LessThanOrEqualTo(options.ConnectionMemory));
        Assert.That(peer.Session.StreamCount, Is.EqualTo(3));
    }

    [Test]
    public async Task UnreadDataOfOthers_LeavesEachConnectionItsOwnShare()
    {
        MemoryBudget shared = new(1_000_000);
        await using RawPeer greedy = RawPeer.Create();
        greedy.Session.ShareMemory(shared);
        for (uint id = 1; id <= 19; id += 2)
            await greedy.SendDataAsync(id, new byte[ReceiveWindow.Initial - 5000], FrameFlags.Syn);
        await greedy.ExpectAliveAsync();
        await using RawPeer modest = RawPeer.Create();
        modest.Session.ShareMemory(shared);

        await modest.SendDataAsync(1, new byte[100_000], FrameFlags.Syn);
        await modest.ExpectAliveAsync();

        Assert.That(modest.Session.StreamCount, Is.EqualTo(1));
        Assert.That(shared.Used, Is.LessThanOrEqualTo(shared.Limit));
        await greedy.DisposeAsync();
        Assert.That(shared.Used, Is.Zero);
    }

    [Test]
    public async Task StreamsOpenedWithoutEnd_EndTheSession()
    {
        await using RawPeer peer = RawPeer.Create(time: new ManualTime());
        await FloodAsync(peer, 3000, i => new FrameHeader(FrameType.WindowUpdate, FrameFlags.Syn, (2 * i) + 1, 0));
        await peer.ExpectCutOffAsync();
    }

    [Test]
    public async Task StreamsOpenedAndResetWithoutEnd_EndTheSession()
    {
        await using RawPeer peer = RawPeer.Create(time: new ManualTime());
        await FloodAsync(peer, 6000, i => i % 2 == 0
            ? new FrameHeader(FrameType.WindowUpdate, FrameFlags.Syn, i + 1, 0)
            : new FrameHeader(FrameType.WindowUpdate, FrameFlags.Rst, i, 0));
        await peer.ExpectCutOffAsync();
    }

    [Test]
    public async Task PingsWithoutEnd_EndTheSession()
    {
        await using RawPeer peer = RawPeer.Create(time: new ManualTime());
        await FloodAsync(peer, 12_000, i => new FrameHeader(FrameType.Ping, FrameFlags.Syn, 0, i));
        await peer.ExpectCutOffAsync();
    }

    [Test]
    public async Task WindowUpdatesWithoutEnd_EndTheSession()
    {
        await using RawPeer peer = RawPeer.Create(time: new ManualTime());
        await FloodAsync(peer, 12_000, i => new FrameHeader(FrameType.WindowUpdate, i == 0 ? FrameFlags.Syn : FrameFlags.None, 1, 1));
        await peer.ExpectCutOffAsync();
    }

    [Test]
    public async Task EmptyDataWithoutEnd_EndsTheSession()
    {
        await using RawPeer peer = RawPeer.Create(time: new ManualTime());
        await FloodAsync(peer, 12_000, i => new FrameHeader(FrameType.Data, i == 0 ? FrameFlags.Syn : FrameFlags.None, 1, 0));
        await peer.ExpectCutOffAsync();
    }

    [Test]
    public async Task StreamsOpenedAndClosedFast_AreReadMoreSlowly()
    {
        ManualTime time = new();
        DateTimeOffset start = time.GetUtcNow();
        // The clock may run far ahead of what happens.
        YamuxOptions options = new() { KeepAliveTimeout = TimeSpan.FromDays(1), WriteTimeout = TimeSpan.FromDays(1) };
        await using RawPeer peer = RawPeer.Create(options: options, time: time);
        const uint AtOnce = 500;
        for (uint i = 0; i < 6000; i += AtOnce)
        {
            await FloodAsync(peer, (int)AtOnce, n => new FrameHeader(FrameType.WindowUpdate, FrameFlags.Syn | FrameFlags.Fin, (2 * (i + n)) + 1, 0));
            await Wait.UntilAsync(time, TimeSpan.FromMilliseconds(50), () => peer.Tested.Waiting == AtOnce, "streams");
            for (int n = 0; n < AtOnce; n++)
                await (await peer.Tested.AcceptAsync()).CloseWriteAsync();
        }
        Assert.That(peer.Session.CloseReason, Is.Null);
        // 4000 at once, 1500 at 2000 a second; the pause after the last 500 is still to come.
        Assert.That(time.GetUtcNow() - start, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(0.75)));
    }

    private static async Task FloodAsync(RawPeer peer, int count, Func<uint, FrameHeader> frame)
    {
        const int AtOnce = 500;
        try
        {
            for (uint i = 0; i < count; i += AtOnce)
                await peer.SendAsync([.. Enumerable.Range((int)i, AtOnce).Select(n => frame((uint)n))]);
        }
        catch (IOException e) when (peer.Session.CloseReason is not null)
        {
            TestContext.Out.WriteLine($"cut off while sending: {e.Message}");
        }
    }
}
