using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Tests.Yamux;

/// <summary>Streams whose users are spared the way over the pool.</summary>
[TestFixture]
internal sealed class InlineTests
{
    [Test]
    public async Task InlineReader_GoesOnWithinTheDelivery_AndCanReadAgainThere()
    {
        ConnectionMemory memory = new(1 << 20);
        ReceiveSide side = new(new ReceiveWindow(1 << 20, memory, TimeProvider.System), memory) { IsInline = true };
        List<byte> read = [];
        Task<int> reading = ReadAsync();
        int deliverer = Environment.CurrentManagedThreadId;

        Assert.That(side.Deliver([1, 2, 3, 4, 5], roundTrip: null, out _), Is.True);
        Assert.That(read, Is.EqualTo(new byte[] { 1, 2, 3, 4, 5 }));
        Assert.That(side.Deliver([6], roundTrip: null, out _), Is.True);
        side.Finish();

        Assert.That(await reading.InTime(), Is.EqualTo(deliverer));
        Assert.That(read, Is.EqualTo(new byte[] { 1, 2, 3, 4, 5, 6 }));

        async Task<int> ReadAsync()
        {
            byte[] buffer = new byte[2];
            int thread = 0;
            while (await side.ReadAsync(buffer, roundTrip: null, out _, default).ConfigureAwait(false) is var count and > 0)
            {
                thread = Environment.CurrentManagedThreadId;
                read.AddRange(buffer[..count]);
            }
            return thread;
        }
    }

    [Test]
    public async Task InlineWrite_IsOutWhenItReturns()
    {
        using MemoryStream wire = new();
        YamuxWriter writer = new(wire);
        Task running = writer.RunAsync();
        SendSide side = new(writer, 1) { IsInline = true };

        for (int i = 1; i <= 3; i++)
        {
            ValueTask writing = writer.WriteAsync(side, new byte[10], default);
            Assert.That(writing.IsCompletedSuccessfully, Is.True);
            await writing;
            Assert.That(wire.Length, Is.EqualTo(i * (FrameHeader.Size + 10)));
            Assert.That(writer.IsIdle, Is.True);
        }

        writer.Close(null, new YamuxFailure("the end"));
        await running.InTime();
    }
}
