using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// What can be checked of a template before any hash is spent on it. A daemon that fails is treated as lying, whether
/// it means to or not. Two things cannot be checked: that the coinbase pays the wallet, because only the wallet's
/// private view key shows whom a one-time output key belongs to, and that the difficulty is the network's, because
/// that takes the last 735 blocks. Whoever mines through a daemon of somebody else trusts its owner with both.
/// </summary>
internal static class TemplateRules
{
    /// <summary>The extra nonce (8 bytes) and the share commitment (32 bytes).</summary>
    public const int ReserveSize = sizeof(ulong) + Hash256.Size;

    /// <summary>RandomX became Monero's proof of work with version 12 (src/hardforks/hardforks.cpp).</summary>
    public const ulong FirstRandomXVersion = 12;

    /// <summary>The newest consensus rules whose block header and proof of work are known here.</summary>
    public const ulong LastKnownVersion = 16;

    /// <summary>
    /// How far a block's timestamp may lie from the clock, in seconds (src/cryptonote_config.h,
    /// <c>CRYPTONOTE_BLOCK_FUTURE_TIME_LIMIT</c>).
    /// </summary>
    public const ulong MaxTimestampDistance = 2 * 60 * 60;

    /// <summary>The template in usable form, or what is wrong with it.</summary>
    /// <param name="raw">As the daemon sent it.</param>
    /// <param name="info">The same daemon's <c>get_info</c>, taken when its chain had the same top block.</param>
    public static DaemonResult<BlockTemplate> Check(DaemonTemplate raw, DaemonInfo info)
    {
        if (!BlockTemplate.TryParse(raw.Blob, raw.ReservedOffset, ReserveSize, out BlockTemplate? template, out string error))
            return Bad(error);
        if (template.MajorVersion > LastKnownVersion)
            return Bad($"it builds blocks of version {template.MajorVersion}, newer than this program knows: update p2p-miner");
        if (template.MajorVersion < FirstRandomXVersion)
            return Bad($"it builds blocks of version {template.MajorVersion}, from before RandomX");
        return FindContradiction(raw, info, template) is { } contradiction ? Bad(contradiction) : template;
    }

    private static string? FindContradiction(DaemonTemplate raw, DaemonInfo info, BlockTemplate template)
    {
        if (template.Height != raw.Height)
            return $"the coinbase is for height {template.Height}, the template says {raw.Height}";
        if (raw.Height != info.Height)
            return $"the template is for height {raw.Height}, the daemon's chain has height {info.Height}";
        if (template.PreviousId != raw.PreviousId || raw.PreviousId != info.TopBlockHash)
            return "the template does not build on the daemon's top block";
        if (raw.Difficulty != info.Difficulty)
            return $"the template's difficulty is {raw.Difficulty}, the daemon's {info.Difficulty}";
        if (template.Amount != raw.ExpectedReward)
            return $"the coinbase pays {template.Amount}, the template says {raw.ExpectedReward}";
        if (raw.SeedHeight != SeedHeight.Of(raw.Height))
            return $"seed height {raw.SeedHeight} is not Monero's for height {raw.Height}, {SeedHeight.Of(raw.Height)}";
        if (raw.NextSeedHash is not null && SeedHeight.Of(raw.Height + SeedHeight.Lag) == raw.SeedHeight)
            return $"it names a next seed hash at height {raw.Height}, where no epoch is near";
        ulong distance = template.Timestamp > info.AdjustedTime ? template.Timestamp - info.AdjustedTime : info.AdjustedTime - template.Timestamp;
        if (distance > MaxTimestampDistance)
            return $"the template's timestamp is {distance} s away from the daemon's own clock";
        return IsHashingBlobRight(raw, template) ? null : "its hashing blob is not the one of its template";
    }

    /// <summary>Rebuilds the blob of the unmodified template, the proof that both sides mean the same block.</summary>
    private static bool IsHashingBlobRight(DaemonTemplate raw, BlockTemplate template)
    {
        Span<byte> blob = stackalloc byte[HashingBlob.MaxSize];
        int length = template.WriteHashingBlob(template.Reserved, template.Nonce, blob, out _);
        return blob[..length].SequenceEqual(raw.HashingBlob);
    }

    private static DaemonError Bad(string message) => new(DaemonFault.BadTemplate, message);
}
