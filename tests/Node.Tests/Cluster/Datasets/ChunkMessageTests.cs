using Google.Protobuf;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Datasets;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Tests.Cluster.Datasets;

[TestFixture]
internal sealed class ChunkMessageTests
{
    [TestCase(0, 1)]
    [TestCase(1, 127)]
    [TestCase(300, 4096)]
    [TestCase(2079, DatasetProtocol.MaxChunkSize)]
    public void Prefix_AndItems_AreAMessageOfTheSchema(int index, int size)
    {
        byte[] items = [.. Enumerable.Range(0, size).Select(i => (byte)i)];
        using MemoryStream stream = new([.. DatasetProtocol.Prefix(index, size), .. items]);
        DatasetChunk read = DatasetChunk.Parser.ParseDelimitedFrom(stream);
        Assert.That(stream.Position, Is.EqualTo(stream.Length));
        Assert.That(read, Is.EqualTo(new DatasetChunk { Index = (uint)index, Items = ByteString.CopyFrom(items) }));
        Assert.That(read.CalculateSize(), Is.LessThanOrEqualTo(DatasetProtocol.MaxMessageSize));
    }

    [Test]
    public void Message_IsReadAsTheSchemaSays()
    {
        DatasetChunk[] samples =
        [
            new(),
            new() { Refusal = DatasetRefusal.Busy },
            new() { Index = 2079, Items = ByteString.CopyFrom(1, 2, 3) },
            new() { Index = uint.MaxValue },
        ];
        foreach (DatasetChunk sample in samples)
            AssertSame(sample.ToByteArray(), sample);
    }

    [Test]
    public void UnknownFields_ArePassedOver_AndTheLastOfTwoCounts()
    {
        byte[] message = [0x10, 5, 0x20, 0xff, 0x01, 0x2a, 2, 9, 9, 0x31, 1, 2, 3, 4, 5, 6, 7, 8, 0x3d, 1, 2, 3, 4, 0x1a, 1, 7, 0x1a, 2, 8, 8, 0x10, 6];
        AssertSame(message, new DatasetChunk { Index = 6, Items = ByteString.CopyFrom(8, 8) });
    }

    [TestCase(new byte[] { 0x1a, 2, 1 }, Description = "cut")]
    [TestCase(new byte[] { 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 }, Description = "endless")]
    [TestCase(new byte[] { 0x10 }, Description = "no value")]
    [TestCase(new byte[] { 0x00, 0x00 }, Description = "field 0")]
    [TestCase(new byte[] { 0x13 }, Description = "group")]
    public void Malformed_IsNone(byte[] message) => Assert.That(ChunkMessage.TryDecode(message, out _), Is.False);

    [Test]
    public void Damaged_IsReadLikeTheGeneratedParserDoes_OrRefused()
    {
        byte[] original = new DatasetChunk { Refusal = DatasetRefusal.NotHeld, Index = 1234, Items = ByteString.CopyFrom(new byte[200]) }.ToByteArray();
        Random random = new(20261121);
        long bytes = long.TryParse(Environment.GetEnvironmentVariable("P2P_MINER_FUZZ_BYTES"), out long asked) ? asked : 0;
        int read = 0;
        for (int i = 0; i < 5000 || bytes > 0; i++)
        {
            byte[] message = i % 4 == 0 ? new byte[random.Next(64)] : Mutation.Of(original, random);
            if (i % 4 == 0)
                random.NextBytes(message);
            bytes -= message.Length;
            if (!ChunkMessage.TryDecode(message, out ChunkMessage chunk))
                continue;
            read++;
            Assert.That(chunk.Items.Length, Is.LessThanOrEqualTo(message.Length));
            if (TryParse(message) is DatasetChunk expected)
                AssertSame(message, expected);
        }
        Assert.That(read, Is.Positive);
    }

    [Test]
    public void Request_BeyondItsBounds_BreaksTheProtocol()
    {
        Hash256 key = new([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);
        Assert.That(DatasetProtocol.KeyOf(DatasetProtocol.RequestFor(key, 2079, 1)), Is.EqualTo(key));
        Assert.That(DatasetProtocol.RequestFor(key, int.MaxValue, DatasetProtocol.MaxChunks).CalculateSize(), Is.LessThanOrEqualTo(DatasetProtocol.MaxRequestSize));
        Assert.That(() => DatasetProtocol.KeyOf(DatasetProtocol.RequestFor(key, 0, 0)), Throws.TypeOf<ProtocolException>());
        Assert.That(() => DatasetProtocol.KeyOf(DatasetProtocol.RequestFor(key, 0, DatasetProtocol.MaxChunks + 1)), Throws.TypeOf<ProtocolException>());
        Assert.That(() => DatasetProtocol.KeyOf(new DatasetRequest { Key = ByteString.CopyFrom(new byte[31]), ChunkCount = 1 }), Throws.TypeOf<ProtocolException>());
    }

    private static DatasetChunk? TryParse(byte[] message)
    {
        try
        {
            return DatasetChunk.Parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static void AssertSame(ReadOnlySpan<byte> message, DatasetChunk expected)
    {
        Assert.That(ChunkMessage.TryDecode(message, out ChunkMessage chunk), Is.True);
        Assert.That(chunk.Refusal, Is.EqualTo(expected.Refusal));
        Assert.That(chunk.Index, Is.EqualTo(expected.Index));
        Assert.That(chunk.Items.SequenceEqual(expected.Items.Span), Is.True);
    }
}
