using System.Text.Json;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Mining.Tests.Monero;

[TestFixture]
internal sealed class BlockTemplateTests
{
    private static IReadOnlyList<JsonElement> Recorded => VectorFile.Read("hashing-blobs-templates.json");

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
        Assert.That(template.BuildBlock(template.Reserved, template.Nonce), Is.EqualTo(vector.Hex("blocktemplate_blob")));
    }

    private static BlockTemplate Parse(JsonElement vector)
    {
        bool parsed = BlockTemplate.TryParse(
            vector.Hex("blocktemplate_blob"), vector.GetProperty("reserved_offset").GetInt32(), vector.GetProperty("reserve_size").GetInt32(),
            out BlockTemplate? template, out string error);
        Assert.That(parsed, Is.True, error);
        return template!;
    }

    private static byte[] HashingBlobOf(BlockTemplate template, ReadOnlySpan<byte> reserved, uint nonce)
    {
        var blob = new byte[HashingBlob.MaxSize];
        int length = template.WriteHashingBlob(reserved, nonce, blob, out _);
        return blob[..length];
    }
}
