using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.Tests.PubSub.Wire;

public sealed class FrameBufferTests
{
    private const int MaxFrame = 1 << 20;

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(1000)]
    [TestCase(100_000)]
    public void FrameBuffer_CutsFramesHoweverTheBytesArrive(int pieces)
    {
        Random random = new(7);
        byte[][] frames = [.. new[] { 0, 1, 127, 128, 300, 1023, 1024, 70_000, 16_384, 5 }.Select(size => Random(random, size))];
        byte[] stream = [.. frames.SelectMany(frame => Framed(frame))];
        using FrameBuffer buffer = new(MaxFrame);
        List<byte[]> taken = [];

        for (int position = 0; position < stream.Length;)
        {
            Memory<byte> free = buffer.Free;
            int count = Math.Min(Math.Min(pieces, free.Length), stream.Length - position);
            stream.AsMemory(position, count).CopyTo(free);
            buffer.Advance(count);
            position += count;
            while (buffer.Take(out ReadOnlySpan<byte> frame) == FrameStatus.Done)
                taken.Add(frame.ToArray());
        }

        Assert.That(taken, Is.EqualTo(frames));
        Assert.That(buffer.HasMore, Is.False);
        Assert.That(buffer.Free.Length, Is.LessThanOrEqualTo(FrameBuffer.IdleSize));
    }

    [Test]
    public void FrameBuffer_RefusesALengthBeyondTheLimitBeforeItsBytesCome()
    {
        using FrameBuffer buffer = new(MaxFrame);
        byte[] length = [0x81, 0x80, 0x40];
        length.CopyTo(buffer.Free);
        buffer.Advance(length.Length);

        Assert.That(buffer.Take(out _), Is.EqualTo(FrameStatus.TooLong));
    }

    [Test]
    public void FrameBuffer_RefusesALengthThatIsNotCanonical()
    {
        using FrameBuffer buffer = new(MaxFrame);
        new byte[] { 0x80, 0x00 }.CopyTo(buffer.Free);
        buffer.Advance(2);

        Assert.That(buffer.Take(out _), Is.EqualTo(FrameStatus.BadLength));
    }

    [Test]
    public void FrameBuffer_DoesNotGrowOnTheWordOfALength()
    {
        using FrameBuffer buffer = new(MaxFrame);
        byte[] length = [0x80, 0x80, 0x40];
        length.CopyTo(buffer.Free);
        buffer.Advance(length.Length);

        Assert.That(buffer.Take(out _), Is.EqualTo(FrameStatus.Incomplete));
        Assert.That(buffer.HasMore, Is.True);
        Assert.That(buffer.Free.Length, Is.LessThanOrEqualTo(FrameBuffer.IdleSize));
    }

    private static byte[] Framed(byte[] frame)
    {
        byte[] length = new byte[10];
        return [.. length[..ProtoVarint.Write(length, (ulong)frame.Length)], .. frame];
    }

    private static byte[] Random(Random random, int size)
    {
        byte[] bytes = new byte[size];
        random.NextBytes(bytes);
        return bytes;
    }
}
