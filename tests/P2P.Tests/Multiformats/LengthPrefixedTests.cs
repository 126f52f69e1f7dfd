using Google.Protobuf;
using P2PMiner.P2P.Identity.Proto;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Multiformats;

public sealed class LengthPrefixedTests
{
    private const int MaxSize = 1 << 20;

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(127)]
    [TestCase(128)]
    [TestCase(65_536)]
    [TestCase(65_537)]
    [TestCase(MaxSize)]
    public async Task Message_ComesOutAsItWentIn(int size)
    {
        byte[] message = new byte[size];
        new Random(size).NextBytes(message);
        using MemoryStream stream = new();
        await LengthPrefixed.WriteAsync(stream, message, default);
        await LengthPrefixed.WriteAsync(stream, message.AsMemory(0, size / 2), default);
        stream.Position = 0;

        using PooledMessage first = (await LengthPrefixed.ReadAsync(stream, MaxSize, default))!.Value;
        using PooledMessage second = (await LengthPrefixed.ReadAsync(stream, MaxSize, default))!.Value;

        Assert.That(first.Span.SequenceEqual(message), Is.True);
        Assert.That(second.Memory.Span.SequenceEqual(message.AsSpan(0, size / 2)), Is.True);
        Assert.That(await LengthPrefixed.ReadAsync(stream, MaxSize, default), Is.Null);
    }

    [Test]
    public async Task Message_OfProtobufIsWrittenWithItsLength()
    {
        EnvelopeMessage message = new() { PayloadType = ByteString.CopyFrom(3, 1) };
        using MemoryStream stream = new();

        await LengthPrefixed.WriteAsync(stream, message, default);

        Assert.That(Convert.ToHexStringLower(stream.ToArray()), Is.EqualTo("0412020301"));
    }

    [TestCase("80", Description = "within the length")]
    [TestCase("03", Description = "after the length")]
    [TestCase("030102", Description = "within the message")]
    public void Message_ThatIsCutOffIsAnError(string hex) =>
        Assert.That(async () => await ReadAsync(hex, MaxSize), Throws.TypeOf<EndOfStreamException>());

    [TestCase("8000", Description = "more bytes of length than needed")]
    [TestCase("ffffffffffffffffff01", Description = "a length of ten bytes")]
    [TestCase("0b", Description = "one byte more than allowed")]
    [TestCase("ffffffff0f", Description = "4 GiB")]
    [TestCase("ffffffffffffffff7f", Description = "8 EiB")]
    public void Message_OfAMalformedOrExcessiveLengthIsRefused(string hex) =>
        Assert.That(async () => await ReadAsync(hex, maxSize: 10), Throws.TypeOf<ProtocolException>());

    [Test]
    public async Task Message_ThatIsOnlyAnnouncedCostsLittleMemory()
    {
        (MemoryDuplex sender, MemoryDuplex receiver) = MemoryDuplex.CreatePair();
        await sender.WriteAsync(new byte[] { 0x80, 0x80, 0x80, 0x20 });

        long before = GC.GetAllocatedBytesForCurrentThread();
        Task<PooledMessage?> read = LengthPrefixed.ReadAsync(receiver, 1 << 26, default).AsTask();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.LessThan(200_000));
        sender.CompleteWriting();
        Assert.That(async () => await read.InTime(), Throws.TypeOf<EndOfStreamException>());
    }

    [Test]
    public void Decoder_SurvivesForeignBytes() => Fuzz.Run([[5, 1, 2, 3, 4, 5], [0x80, 1, .. new byte[128]]], static input =>
    {
        using MemoryStream stream = new(input);
        try
        {
            while (LengthPrefixed.ReadAsync(stream, 100, default).AsTask().GetAwaiter().GetResult() is PooledMessage message)
                message.Dispose();
        }
        catch (Exception exception) when (exception is ProtocolException or EndOfStreamException)
        {
            return;
        }
        Assert.That(stream.Position, Is.EqualTo(stream.Length));
    });

    private static async Task<PooledMessage?> ReadAsync(string hex, int maxSize)
    {
        using MemoryStream stream = new(Convert.FromHexString(hex));
        return await LengthPrefixed.ReadAsync(stream, maxSize, default);
    }
}
