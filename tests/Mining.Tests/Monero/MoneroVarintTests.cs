using System.Globalization;
using System.Text.Json;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Mining.Tests.Monero;

[TestFixture]
internal sealed class MoneroVarintTests
{
    private const int RandomInputs = 20_000;

    private static IEnumerable<TestCaseData> Vectors => VectorFile.Cases("varint.json");

    [TestCaseSource(nameof(Vectors))]
    public void Bytes_ReadAsPublished(JsonElement vector)
    {
        byte[] bytes = vector.Hex("bytes");
        string? expected = vector.Text("value");

        bool read = MoneroVarint.TryRead(bytes, out ulong value, out int length);

        Assert.That(read, Is.EqualTo(expected is not null));
        if (read)
        {
            Assert.That(value, Is.EqualTo(ulong.Parse(expected!, CultureInfo.InvariantCulture)));
            Assert.That(length, Is.EqualTo(bytes.Length));
            Assert.That(Written(value), Is.EqualTo(bytes));
        }
    }

    [Test]
    public void Values_SurviveWritingAndReading()
    {
        for (int shift = 0; shift < 64; shift++)
        {
            foreach (ulong value in new[] { (1UL << shift) - 1, 1UL << shift, (1UL << shift) + 1, ulong.MaxValue >> shift })
            {
                byte[] bytes = [.. Written(value), 0xff, 0x00];
                Assert.That(MoneroVarint.TryRead(bytes, out ulong read, out int length), Is.True);
                Assert.That((read, length), Is.EqualTo((value, bytes.Length - 2)), "bytes behind the value are left alone");
            }
        }
    }

    [Test]
    public void RandomBytes_AreRefusedOrReadExactly()
    {
        var random = new Random(7);
        int accepted = 0;
        for (int i = 0; i < RandomInputs; i++)
        {
            var bytes = new byte[random.Next(12)];
            random.NextBytes(bytes);
            if (random.Next(2) == 0)
            {
                for (int j = 0; j < bytes.Length - 1; j++)
                    bytes[j] |= 0x80;
            }
            if (MoneroVarint.TryRead(bytes, out ulong value, out int length))
            {
                Assert.That(Written(value), Is.EqualTo(bytes[..length]));
                accepted++;
            }
        }
        Assert.That(accepted, Is.InRange(RandomInputs / 4, 3 * RandomInputs / 4));
    }

    private static byte[] Written(ulong value)
    {
        var bytes = new byte[MoneroVarint.MaxSize];
        return bytes[..MoneroVarint.Write(value, bytes)];
    }
}
