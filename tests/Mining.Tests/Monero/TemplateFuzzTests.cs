using System.Text.Json;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Mining.Tests.Monero;

/// <summary>
/// Mutated templates and coinbases: no exception, no allocation beyond what the parsers state, and what is accepted
/// reads and writes back to the same bytes by <see cref="PlainBlock"/>.
/// </summary>
[TestFixture]
internal sealed class TemplateFuzzTests
{
    private const int Inputs = 20_000;
    private const int ErrorAllowance = 4096;

    private static IReadOnlyList<JsonElement> Recorded => VectorFile.Read("hashing-blobs-templates.json");

    [Test]
    public void MutatedTemplate_IsRefusedOrReadExactly()
    {
        var random = new Random(31);
        (byte[] Blob, int Offset, int Size)[] seeds =
        [
            .. Recorded.Select(v => (
                v.Hex("blocktemplate_blob"), v.GetProperty("reserved_offset").GetInt32(), v.GetProperty("reserve_size").GetInt32())),
        ];
        int accepted = 0;
        for (int i = 0; i < Inputs; i++)
        {
            (byte[] blob, int offset, int size) = seeds[random.Next(seeds.Length)];
            blob = Mutate(blob, random);
            if (random.Next(8) == 0)
                (offset, size) = (random.Next(-2, blob.Length + 2), random.Next(-1, 300));

            long before = GC.GetAllocatedBytesForCurrentThread();
            bool parsed = BlockTemplate.TryParse(blob, offset, size, out BlockTemplate? template, out string error);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            Assert.That(allocated, Is.LessThanOrEqualTo(3L * blob.Length + ErrorAllowance));
            Assert.That(error.Length == 0, Is.EqualTo(parsed));
            if (parsed)
            {
                CheckAccepted(template!, blob);
                accepted++;
            }
        }
        Assert.That(accepted, Is.InRange(Inputs / 20, Inputs / 2), "both outcomes are well covered");
    }

    [Test]
    public void MutatedCoinbase_IsRefusedOrReadExactly()
    {
        var random = new Random(32);
        byte[][] seeds =
        [
            .. VectorFile.Read("hashing-blobs-blocks.json").Select(v => v.Hex("coinbase")),
            .. Recorded.Select(v => PlainBlock.Read(v.Hex("blocktemplate_blob")).Coinbase.Write()),
        ];
        int accepted = 0;
        for (int i = 0; i < Inputs; i++)
        {
            byte[] bytes = Mutate(seeds[random.Next(seeds.Length)], random);

            long before = GC.GetAllocatedBytesForCurrentThread();
            bool parsed = CoinbaseTransaction.TryParse(bytes, out CoinbaseTransaction coinbase, out string error);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            Assert.That(allocated, Is.LessThanOrEqualTo(ErrorAllowance));
            Assert.That(error.Length == 0, Is.EqualTo(parsed));
            if (parsed)
            {
                PlainCoinbase plain = PlainCoinbase.Read(new BinaryReader(new MemoryStream(bytes)));
                Assert.That(plain.Write(), Is.EqualTo(bytes));
                Assert.That(coinbase.Height, Is.EqualTo(plain.Height));
                Assert.That(coinbase.OutputCount, Is.EqualTo(plain.Outputs.Length));
                accepted++;
            }
        }
        Assert.That(accepted, Is.InRange(Inputs / 20, Inputs / 2), "both outcomes are well covered");
    }

    private static void CheckAccepted(BlockTemplate template, byte[] blob)
    {
        PlainBlock plain = PlainBlock.Read(blob);
        Assert.That(plain.Write(out _), Is.EqualTo(blob));
        Assert.That(template.BuildBlock(template.Reserved, template.Nonce), Is.EqualTo(blob));
        Assert.That(template.BlockId(template.Reserved, template.Nonce), Is.EqualTo(plain.HashingBlob().Id(plain.Nonce)));
        Assert.That(template.Height, Is.EqualTo(plain.Coinbase.Height));
        Assert.That(template.TransactionCount, Is.EqualTo(plain.Transactions.Length + 1));
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = new List<byte>(seed);
        for (int n = random.Next(1, 4); n > 0 && bytes.Count > 0; n--)
        {
            // Structure sits at the start; hashes and keys, where most positions lie, take any value.
            int at = random.Next(2) == 0 ? random.Next(bytes.Count) : random.Next(Math.Min(bytes.Count, 70));
            switch (random.Next(8))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, random.Next(1, bytes.Count - at + 1));
                    break;
                case 3:
                    bytes.InsertRange(at, new byte[random.Next(1, 40)]);
                    break;
                case 4:
                    bytes.InsertRange(at, Enumerable.Repeat((byte)0xff, random.Next(1, 12)));
                    break;
                case 5 when bytes[at] < 0x80:
                    // The same value as a longer, non-canonical varint.
                    bytes[at] |= 0x80;
                    bytes.Insert(at + 1, 0);
                    break;
                case 6:
                    bytes.AddRange(bytes.GetRange(at, bytes.Count - at));
                    break;
                default:
                    bytes[at] = bytes[random.Next(bytes.Count)];
                    break;
            }
        }
        return [.. bytes];
    }
}
