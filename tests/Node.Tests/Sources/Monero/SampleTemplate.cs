using System.Text.Json.Nodes;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Sources.Monero;

/// <summary>
/// Templates as monerod 0.18 builds them, with one output and no transactions. The keys are those of a template that
/// it built in regtest.
/// </summary>
internal static class SampleTemplate
{
    public const ulong Timestamp = 1_795_228_706;
    public const ulong Reward = 35_184_338_534_400;

    private const string OutputKey = "c1caabc37ecf45e5e89a440cbd6ad276083c5566166d8890df9d029431415154";
    private const string TransactionKey = "28d27ed1f734f7d2cb6ebc3f11fd8e65a10a3fa959dc3e61df9de41972a4ff7e";
    private const byte ViewTag = 0x9d;

    /// <summary>The <c>result</c> of <c>get_block_template</c>, without status.</summary>
    /// <param name="height">Of the block.</param>
    /// <param name="previous">Its parent.</param>
    /// <param name="difficulty">At least 1.</param>
    /// <param name="idAt">The id of the block at a height, for the seed hash.</param>
    public static JsonObject Answer(ulong height, Hash256 previous, ulong difficulty, Func<ulong, Hash256> idAt)
    {
        byte[] blob = Blob(height, previous, out int reservedOffset);
        ulong seedHeight = SeedHeight.Of(height);
        ulong nextSeedHeight = SeedHeight.Of(height + SeedHeight.Lag);
        return new JsonObject
        {
            ["blocktemplate_blob"] = Convert.ToHexStringLower(blob),
            ["blockhashing_blob"] = Convert.ToHexStringLower(HashingBlobOf(blob, reservedOffset)),
            ["difficulty"] = difficulty,
            ["difficulty_top64"] = 0,
            ["wide_difficulty"] = $"0x{difficulty:x}",
            ["expected_reward"] = Reward,
            ["height"] = height,
            ["prev_hash"] = previous.ToString(),
            ["reserved_offset"] = reservedOffset,
            ["seed_hash"] = idAt(seedHeight).ToString(),
            ["seed_height"] = seedHeight,
            ["next_seed_hash"] = nextSeedHeight == seedHeight ? "" : idAt(nextSeedHeight).ToString(),
        };
    }

    public static byte[] Blob(ulong height, Hash256 previous, out int reservedOffset, byte majorVersion = 16, int transactions = 0)
    {
        var blob = new List<byte> { majorVersion, 16 };
        AddVarint(blob, Timestamp);
        blob.AddRange(previous.ToArray());
        blob.AddRange(new byte[4]);

        blob.Add(2);
        AddVarint(blob, height + 60);
        blob.AddRange([1, 0xff]);
        AddVarint(blob, height);
        blob.Add(1);
        AddVarint(blob, Reward);
        blob.Add(3);
        blob.AddRange(Convert.FromHexString(OutputKey));
        blob.Add(ViewTag);
        blob.Add(1 + 32 + 2 + TemplateRules.ReserveSize);
        blob.Add(1);
        blob.AddRange(Convert.FromHexString(TransactionKey));
        blob.AddRange([2, TemplateRules.ReserveSize]);
        reservedOffset = blob.Count;
        blob.AddRange(new byte[TemplateRules.ReserveSize]);
        blob.Add(0);
        AddVarint(blob, (ulong)transactions);
        for (int i = 0; i < transactions; i++)
            blob.AddRange(Keccak256.Hash(BitConverter.GetBytes(i)).ToArray());
        return [.. blob];
    }

    /// <summary>As a daemon's answer is read.</summary>
    public static DaemonTemplate Read(ulong height, Hash256 previous, Hash256 key, UInt128 difficulty, int transactions = 0, byte majorVersion = 16)
    {
        byte[] blob = Blob(height, previous, out int reservedOffset, majorVersion, transactions);
        return new DaemonTemplate(
            blob, HashingBlobOf(blob, reservedOffset), reservedOffset, height, previous, difficulty, Reward, key, SeedHeight.Of(height), null, false);
    }

    /// <summary>A job of this node, or of a member.</summary>
    public static DaemonJob Job(DaemonTemplate template, PeerId? publisher = null)
    {
        Assert.That(BlockTemplate.TryParse(template.Blob, TemplateRules.ReserveSize, out BlockTemplate? parsed, out string error), Is.True, error);
        return new DaemonJob(parsed!, template, template.Difficulty, null) { Publisher = publisher };
    }

    private static byte[] HashingBlobOf(byte[] blob, int reservedOffset)
    {
        Assert.That(BlockTemplate.TryParse(blob, reservedOffset, TemplateRules.ReserveSize, out BlockTemplate? template, out string error), Is.True, error);
        var hashing = new byte[HashingBlob.MaxSize];
        return hashing[..template!.WriteHashingBlob(template.Reserved, 0, hashing, out _)];
    }

    private static void AddVarint(List<byte> blob, ulong value)
    {
        Span<byte> bytes = stackalloc byte[MoneroVarint.MaxSize];
        blob.AddRange(bytes[..MoneroVarint.Write(value, bytes)]);
    }
}
