using System.Text.Json;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Mining.Tests.Monero;

/// <summary>Real blocks: coinbase id, merkle root, hashing blob and block id from the block's bytes alone.</summary>
[TestFixture]
internal sealed class BlockVectorTests
{
    private static IEnumerable<TestCaseData> Blocks => VectorFile.Cases("hashing-blobs-blocks.json");

    [TestCaseSource(nameof(Blocks))]
    public void Coinbase_HasThePublishedId(JsonElement block)
    {
        byte[] coinbase = block.Hex("coinbase");

        Assert.That(CoinbaseTransaction.TryParse(coinbase, out CoinbaseTransaction parsed, out string error), Is.True, error);
        Assert.That(parsed.Height, Is.EqualTo(block.GetProperty("height").GetUInt64()));
        if (block.GetProperty("coinbase_id").ValueKind != JsonValueKind.Null)
            Assert.That(CoinbaseTransaction.Hash(coinbase), Is.EqualTo(block.Hash("coinbase_id")));
    }

    [TestCaseSource(nameof(Blocks))]
    public void Block_HasThePublishedId(JsonElement block)
    {
        PlainBlock plain = PlainBlock.Read(block.Hex("blob"));

        HashingBlob hashing = plain.HashingBlob();

        Assert.That(hashing.Id(plain.Nonce), Is.EqualTo(block.Hash("id")));
        var bytes = new byte[HashingBlob.MaxSize];
        int length = hashing.Write(plain.Nonce, bytes, out int nonceOffset);
        Assert.That(HashingBlob.IdOf(bytes.AsSpan(0, length)), Is.EqualTo(block.Hash("id")));
        Assert.That(BitConverter.ToUInt32(bytes, nonceOffset), Is.EqualTo(plain.Nonce));
    }

    [TestCaseSource(nameof(Blocks))]
    public void BlockWithExtraNonce_IsATemplateOfItself(JsonElement block)
    {
        byte[] blob = block.Hex("blob");
        byte[] coinbase = block.Hex("coinbase");
        Assert.That(CoinbaseTransaction.TryParse(coinbase, out CoinbaseTransaction parsed, out _), Is.True);
        int reserved = blob.AsSpan().IndexOf(coinbase) + parsed.NonceOffset;

        bool isTemplate = BlockTemplate.TryParse(blob, reserved, parsed.NonceSize, out BlockTemplate? template, out string error);

        Assert.That(isTemplate, Is.EqualTo(parsed.NonceSize > 0), error);
        if (isTemplate)
            Assert.That(template!.BlockId(template.Reserved, template.Nonce), Is.EqualTo(block.Hash("id")));
    }

    [Test]
    public void HashingBlob_FitsItsMaximum()
    {
        var blob = new HashingBlob(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, Hash256.Zero, Hash256.Zero, ulong.MaxValue);
        var bytes = new byte[HashingBlob.MaxSize];

        Assert.That(blob.Write(1, bytes, out _), Is.EqualTo(HashingBlob.MaxSize));
        Assert.That(blob.Id(1), Is.EqualTo(HashingBlob.IdOf(bytes)));
        Assert.That(() => HashingBlob.IdOf(new byte[HashingBlob.MaxSize + MoneroVarint.MaxSize]), Throws.ArgumentException);
    }
}
