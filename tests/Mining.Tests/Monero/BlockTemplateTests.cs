using System.Text.Json;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Mining.Tests.Monero;

[TestFixture]
internal sealed class BlockTemplateTests
{
    private static IReadOnlyList<JsonElement> Templates => VectorFile.Read("hashing-blobs-templates.json");

    private static IEnumerable<TestCaseData> Recorded => VectorFile.Cases("hashing-blobs-templates.json");

    [TestCaseSource(nameof(Recorded))]
    public void UnmodifiedTemplate_GivesTheDaemonsHashingBlob(JsonElement vector)
    {
        BlockTemplate template = Parse(vector);

        Assert.That(HashingBlobOf(template, template.Reserved, template.Nonce), Is.EqualTo(vector.Hex("blockhashing_blob")));
    }

    [TestCaseSource(nameof(Recorded))]
    public void Fields_AreTheDaemons(JsonElement vector)
    {
        BlockTemplate template = Parse(vector);

        Assert.That(template.Height, Is.EqualTo(vector.GetProperty("height").GetUInt64()));
        Assert.That(template.Amount, Is.EqualTo(vector.GetProperty("expected_reward").GetUInt64()));
        Assert.That(template.PreviousId, Is.EqualTo(vector.Hash("prev_hash")));
        Assert.That(template.ReservedSize, Is.EqualTo(vector.GetProperty("reserve_size").GetInt32()));
        Assert.That(template.Reserved.ToArray(), Is.All.Zero);
        Assert.That(template.Nonce, Is.Zero);
        Assert.That(template.BuildBlock(template.Reserved, template.Nonce), Is.EqualTo(vector.Hex("blocktemplate_blob")));
    }

    [TestCaseSource(nameof(Recorded))]
    public void FilledTemplate_IsOneBlockEverywhere(JsonElement vector)
    {
        BlockTemplate template = Parse(vector);
        byte[] reserved = [.. Enumerable.Range(1, template.ReservedSize).Select(i => (byte)i)];
        const uint nonce = 0xdeadbeef;

        byte[] block = template.BuildBlock(reserved, nonce);

        PlainBlock plain = PlainBlock.Read(block);
        Assert.That(plain.Nonce, Is.EqualTo(nonce));
        Assert.That(plain.Coinbase.Write(), Is.EqualTo(template.CoinbaseBytes(reserved)));
        Assert.That(plain.Coinbase.Extra.AsSpan().IndexOf(reserved), Is.Positive);
        Assert.That(template.BlockId(reserved, nonce), Is.EqualTo(plain.HashingBlob().Id(nonce)));
        Assert.That(HashingBlob.IdOf(HashingBlobOf(template, reserved, nonce)), Is.EqualTo(template.BlockId(reserved, nonce)));
    }

    [TestCaseSource(nameof(Recorded))]
    public void CoinbaseAndBranch_AreEnoughForTheHashingBlob(JsonElement vector)
    {
        BlockTemplate template = Parse(vector);

        Hash256 coinbase = CoinbaseTransaction.Hash(template.CoinbaseBytes(template.Reserved));
        var rebuilt = new HashingBlob(
            template.MajorVersion, template.MinorVersion, template.Timestamp, template.PreviousId,
            TreeHash.RootFromBranch(coinbase, template.CoinbaseBranch), (ulong)template.TransactionCount);

        var bytes = new byte[HashingBlob.MaxSize];
        int length = rebuilt.Write(0, bytes, out _);
        Assert.That(bytes[..length], Is.EqualTo(vector.Hex("blockhashing_blob")));
    }

    [TestCase(-1, 60)]
    [TestCase(1, 60)]
    [TestCase(0, 61)]
    [TestCase(0, 0)]
    [TestCase(0, -1)]
    [TestCase(int.MinValue / 2, 60)]
    [TestCase(int.MaxValue - 200, 60)]
    [TestCase(0, int.MaxValue)]
    [TestCase(59, 2)]
    public void ReservedBytesOutsideTheNonce_AreRefused(int shift, int size)
    {
        JsonElement vector = Templates[0];
        int offset = vector.GetProperty("reserved_offset").GetInt32() + shift;

        bool parsed = BlockTemplate.TryParse(
            vector.Hex("blocktemplate_blob"), offset, size, out BlockTemplate? template, out string error);

        Assert.That(parsed, Is.False);
        Assert.That(template, Is.Null);
        Assert.That(error, Does.Contain("extra nonce"));
    }

    [TestCase(0, 1)]
    [TestCase(59, 1)]
    [TestCase(4, 56)]
    public void PartOfTheNonce_MayBeReserved(int shift, int size)
    {
        JsonElement vector = Templates[0];
        int offset = vector.GetProperty("reserved_offset").GetInt32() + shift;

        bool parsed = BlockTemplate.TryParse(
            vector.Hex("blocktemplate_blob"), offset, size, out BlockTemplate? template, out string error);

        Assert.That(parsed, Is.True, error);
        byte[] block = template!.BuildBlock(Enumerable.Repeat((byte)0xaa, size).ToArray(), 0);
        Assert.That(block.Count(b => b == 0xaa), Is.GreaterThanOrEqualTo(size));
        Assert.That(block.AsSpan(offset, size).ToArray(), Is.All.EqualTo(0xaa));
    }

    [Test]
    public void EveryPrefix_AndTrailingBytes_AreRefused()
    {
        JsonElement vector = Templates[^1];
        byte[] blob = vector.Hex("blocktemplate_blob");
        int offset = vector.GetProperty("reserved_offset").GetInt32();
        for (int length = 0; length < blob.Length; length++)
            Assert.That(BlockTemplate.TryParse(blob.AsSpan(0, length), offset, 60, out _, out _), Is.False, $"{length} bytes");
        Assert.That(BlockTemplate.TryParse([.. blob, 0], offset, 60, out _, out _), Is.False);
        Assert.That(BlockTemplate.TryParse([.. blob, .. new byte[32]], offset, 60, out _, out _), Is.False);
    }

    [Test]
    public void LargeTemplate_IsRefusedBeforeItIsRead()
    {
        Assert.That(BlockTemplate.TryParse(new byte[BlockTemplate.MaxSize + 1], 0, 1, out _, out string error), Is.False);
        Assert.That(error, Does.Contain("exceeds"));
    }

    [Test]
    public void HugeVersion_IsRefused()
    {
        JsonElement vector = Templates[0];
        byte[] blob = [0x80, 0x02, .. vector.Hex("blocktemplate_blob")[1..]];

        int offset = vector.GetProperty("reserved_offset").GetInt32() + 1;

        Assert.That(BlockTemplate.TryParse(blob, offset, 60, out _, out string error), Is.False);
        Assert.That(error, Does.Contain("version 256"));
    }

    [Test]
    public void WrongNumberOfReservedBytes_Throws()
    {
        BlockTemplate template = Parse(Templates[0]);
        var blob = new byte[HashingBlob.MaxSize];

        Assert.That(() => template.WriteHashingBlob(new byte[59], 0, blob, out _), Throws.ArgumentException);
        Assert.That(() => template.BuildBlock(new byte[61], 0), Throws.ArgumentException);
        Assert.That(() => template.CoinbaseBytes([]), Throws.ArgumentException);
    }

    [TestCase(1, 0)]
    [TestCase(40, 5)]
    [TestCase(1_500, 300)]
    public void WritingHashingBlobs_AllocatesNothing(int outputs, int transactions)
    {
        BlockTemplate template = Build(outputs, transactions, out PlainBlock plain);
        var reserved = new byte[template.ReservedSize];
        var blob = new byte[HashingBlob.MaxSize];
        int length = template.WriteHashingBlob(reserved, plain.Nonce, blob, out _);
        Assert.That(HashingBlob.IdOf(blob.AsSpan(0, length)), Is.EqualTo(plain.HashingBlob().Id(plain.Nonce)));

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (uint nonce = 0; nonce < 100; nonce++)
        {
            reserved[0]++;
            template.WriteHashingBlob(reserved, nonce, blob, out _);
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static BlockTemplate Build(int outputs, int transactions, out PlainBlock plain)
    {
        PlainOutput[] paid = [.. Enumerable.Range(1, outputs).Select(i => new PlainOutput((ulong)i, 3, new byte[33]))];
        Hash256[] ids = [.. Enumerable.Range(0, transactions).Select(i => Keccak256.Hash(BitConverter.GetBytes(i)))];
        var coinbase = new PlainCoinbase(2, 160, 100, paid, [0x02, 8, .. new byte[8]]);
        plain = new PlainBlock(16, 16, 1_700_000_000, new byte[32], 9, coinbase, ids);
        byte[] blob = plain.Write(out int coinbaseOffset);
        int reserved = coinbaseOffset + coinbase.Write().Length - 9;

        Assert.That(BlockTemplate.TryParse(blob, reserved, 8, out BlockTemplate? template, out string error), Is.True, error);
        return template!;
    }

    private static BlockTemplate Parse(JsonElement vector)
    {
        int offset = vector.GetProperty("reserved_offset").GetInt32();
        int size = vector.GetProperty("reserve_size").GetInt32();
        bool parsed = BlockTemplate.TryParse(
            vector.Hex("blocktemplate_blob"), offset, size, out BlockTemplate? template, out string error);
        Assert.That(parsed, Is.True, error);
        return template!;
    }

    private static byte[] HashingBlobOf(BlockTemplate template, ReadOnlySpan<byte> reserved, uint nonce)
    {
        var blob = new byte[HashingBlob.MaxSize];
        int length = template.WriteHashingBlob(reserved, nonce, blob, out int nonceOffset);
        Assert.That(BitConverter.ToUInt32(blob, nonceOffset), Is.EqualTo(nonce));
        return blob[..length];
    }
}
