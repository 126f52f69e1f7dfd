using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Tests.Yamux;

/// <summary>The far end of a session under test, which sends and receives frames one by one and may break any rule.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    private readonly MemoryDuplex _wire;

    private RawPeer(MemoryDuplex wire, SessionEnd tested)
    {
        _wire = wire;
        Tested = tested;
    }

    /// <summary>A test may note here what it saw.</summary>
    public long MostMemory { get; set; }

    public SessionEnd Tested { get; }

    public YamuxSession Session => Tested.Session;

    /// <param name="dialer">True if the raw peer dialled: it opens the odd ids.</param>
    /// <param name="options">Of the session under test.</param>
    /// <param name="time">Of the session under test.</param>
    public static RawPeer Create(bool dialer = true, YamuxOptions? options = null, TimeProvider? time = null)
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
        return new RawPeer(far, new SessionEnd(near, !dialer, options, time));
    }

    public async Task SendAsync(params FrameHeader[] headers)
    {
        byte[] bytes = new byte[headers.Length * FrameHeader.Size];
        for (int i = 0; i < headers.Length; i++)
            headers[i].Write(bytes.AsSpan(i * FrameHeader.Size));
        await SendRawAsync(bytes);
    }

    public Task SendAsync(FrameType type, FrameFlags flags, uint stream, uint length) => SendAsync(new FrameHeader(type, flags, stream, length));

    public async Task SendDataAsync(uint stream, byte[] body, FrameFlags flags = FrameFlags.None)
    {
        byte[] bytes = new byte[FrameHeader.Size + body.Length];
        new FrameHeader(FrameType.Data, flags, stream, (uint)body.Length).Write(bytes);
        body.CopyTo(bytes, FrameHeader.Size);
        await SendRawAsync(bytes);
    }

    public Task SendRawAsync(ReadOnlyMemory<byte> bytes) => _wire.WriteAsync(bytes).InTime();

    public void CompleteWriting() => _wire.CompleteWriting();

    /// <summary>The next frame that is no ping; null at the end.</summary>
    public async Task<(FrameHeader Header, byte[] Body)?> ReceiveAsync()
    {
        while (true)
        {
            (FrameHeader Header, byte[] Body)? frame = await ReceiveAnyAsync();
            if (frame is not { Header: { Type: FrameType.Ping, Flags: FrameFlags.Syn } })
                return frame;
        }
    }

    public async Task<(FrameHeader Header, byte[] Body)?> ReceiveAnyAsync()
    {
        byte[] bytes = new byte[FrameHeader.Size];
        int count = await _wire.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false).InTime();
        if (count == 0)
            return null;
        FrameHeader header = FrameHeader.Read(bytes.AsSpan(0, count));
        byte[] body = new byte[header.Type == FrameType.Data ? header.Length : 0];
        await _wire.ReadExactlyAsync(body).InTime();
        return (header, body);
    }

    /// <summary>Expects a frame; pings are passed over.</summary>
    public async Task ExpectAsync(FrameHeader expected) => Assert.That((await ReceiveAsync())?.Header, Is.EqualTo(expected));

    public Task ExpectAsync(FrameType type, FrameFlags flags, uint stream, uint length) =>
        ExpectAsync(new FrameHeader(type, flags, stream, length));

    /// <summary>Expects that the session ends with GoAway 1, whatever it sends before.</summary>
    public async Task ExpectCutOffAsync()
    {
        FrameHeader? last = null;
        while (await ReceiveAnyAsync() is { } frame)
            last = frame.Header;
        await Session.Completion.InTime();
        Assert.That(last, Is.EqualTo(new FrameHeader(FrameType.GoAway, FrameFlags.None, 0, (uint)GoAwayCode.ProtocolError)));
        Assert.That(Session.Closed.IsCancellationRequested, Is.True);
        Assert.That(Session.StreamCount, Is.Zero);
    }

    /// <summary>Sends a ping and waits for its answer: all that was sent before has been handled, and the session lives.</summary>
    public async Task ExpectAliveAsync(uint value = 0xfeedbeef)
    {
        await SendAsync(FrameType.Ping, FrameFlags.Syn, 0, value);
        FrameHeader answer = new(FrameType.Ping, FrameFlags.Ack, 0, value);
        while (true)
        {
            (FrameHeader Header, byte[] Body)? frame = await ReceiveAnyAsync();
            Assert.That(frame, Is.Not.Null, $"the session ended: {Session.CloseReason?.Message}");
            if (frame!.Value.Header == answer)
                return;
        }
    }

    public ValueTask DisposeAsync() => Tested.DisposeAsync();
}
