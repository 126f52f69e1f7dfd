using System.Text.Json;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// What mining needs of <c>get_info</c> (docs.getmonero.org/rpc-library/monerod-rpc/). Field names are the daemon's.
/// </summary>
/// <param name="Height">Length of the daemon's chain: the height of the block to be mined.</param>
/// <param name="TopBlockHash">Id of the block at <paramref name="Height"/> − 1.</param>
/// <param name="Difficulty">Of the next block.</param>
/// <param name="NetType"><c>mainnet</c>, <c>testnet</c>, <c>stagenet</c> or (regtest) <c>fakechain</c>.</param>
/// <param name="Synchronized">Whether the daemon believes to have its network's whole chain.</param>
/// <param name="TargetHeight">What its peers have, 0 when it knows of nothing higher.</param>
/// <param name="Untrusted">Whether the answer was relayed from a bootstrap daemon.</param>
/// <param name="AdjustedTime">The daemon's clock in seconds since the Unix epoch.</param>
internal sealed record DaemonInfo(
    ulong Height,
    Hash256 TopBlockHash,
    UInt128 Difficulty,
    string NetType,
    bool Synchronized,
    ulong TargetHeight,
    bool Untrusted,
    ulong AdjustedTime)
{
    public static DaemonInfo? Parse(JsonElement result, out string? error)
    {
        var fields = new DaemonFields(result);
        var info = new DaemonInfo(
            fields.UInt64("height"),
            fields.Hash("top_block_hash"),
            fields.Difficulty(),
            fields.Text("nettype"),
            fields.Boolean("synchronized") && !fields.Boolean("busy_syncing"),
            fields.UInt64("target_height"),
            fields.Boolean("untrusted"),
            fields.UInt64("adjusted_time"));
        error = fields.Error;
        return error is null ? info : null;
    }
}

/// <summary>The answer to <c>get_block_template</c>, well-formed but not yet believed (see <see cref="TemplateRules"/>).</summary>
/// <param name="Blob">The block with its reserved bytes zero.</param>
/// <param name="HashingBlob">What the daemon says proof of work is computed over.</param>
/// <param name="ReservedOffset">Of the reserved bytes in <paramref name="Blob"/>.</param>
/// <param name="Height">Of the block.</param>
/// <param name="PreviousId">Id of its parent.</param>
/// <param name="Difficulty">That the block has to meet.</param>
/// <param name="ExpectedReward">Sum of the coinbase's outputs in atomic units.</param>
/// <param name="SeedHash">The RandomX key.</param>
/// <param name="SeedHeight">Height of the block whose id the key is.</param>
/// <param name="NextSeedHash">The next epoch's key, once its block is 64 blocks away or nearer.</param>
/// <param name="Untrusted">Whether it was relayed from a bootstrap daemon.</param>
internal sealed record DaemonTemplate(
    byte[] Blob,
    byte[] HashingBlob,
    int ReservedOffset,
    ulong Height,
    Hash256 PreviousId,
    UInt128 Difficulty,
    ulong ExpectedReward,
    Hash256 SeedHash,
    ulong SeedHeight,
    Hash256? NextSeedHash,
    bool Untrusted)
{
    /// <summary>Whether it is the same block to be found.</summary>
    public bool IsSameAs(DaemonTemplate other) =>
        Difficulty == other.Difficulty && SeedHash == other.SeedHash && NextSeedHash == other.NextSeedHash && Blob.AsSpan().SequenceEqual(other.Blob);

    public static DaemonTemplate? Parse(JsonElement result, out string? error)
    {
        var fields = new DaemonFields(result);
        var template = new DaemonTemplate(
            fields.Bytes("blocktemplate_blob", BlockTemplate.MaxSize),
            fields.Bytes("blockhashing_blob", Mining.Monero.HashingBlob.MaxSize),
            (int)ulong.Min(fields.UInt64("reserved_offset"), BlockTemplate.MaxSize),
            fields.UInt64("height"),
            fields.Hash("prev_hash"),
            fields.Difficulty(),
            fields.UInt64("expected_reward"),
            fields.Hash("seed_hash"),
            fields.UInt64("seed_height"),
            fields.OptionalHash("next_seed_hash"),
            fields.Boolean("untrusted"));
        error = fields.Error;
        return error is null ? template : null;
    }
}

/// <summary>What is needed of the <c>block_header</c> in <c>get_block_header_by_hash</c> and <c>_by_height</c>.</summary>
/// <param name="Hash">The block's id.</param>
/// <param name="Height">Its height.</param>
/// <param name="Orphan">Whether it stands on an alternative chain.</param>
internal sealed record DaemonHeader(Hash256 Hash, ulong Height, bool Orphan)
{
    public static DaemonHeader? Parse(JsonElement result, out string? error)
    {
        if (!result.TryGetProperty("block_header", out JsonElement json) || json.ValueKind != JsonValueKind.Object)
        {
            error = "block_header is missing or not an object";
            return null;
        }
        var fields = new DaemonFields(json);
        var header = new DaemonHeader(fields.Hash("hash"), fields.UInt64("height"), fields.Boolean("orphan_status"));
        error = fields.Error;
        return error is null ? header : null;
    }
}
