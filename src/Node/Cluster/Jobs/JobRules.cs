using P2PMiner.Mining.Monero;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Jobs;

/// <summary>
/// What can be checked of a member's job before any hash is spent on it, without knowing the Monero chain: a job that fails
/// here was made wrong on purpose, unless it is of a newer kind. That its parent, difficulty and key are the network's, and that its coinbase pays somebody
/// of the cluster, only a daemon or the publisher knows.
/// </summary>
internal static class JobRules
{
    /// <summary>As much as a share can have; Monero's difficulty is at 2^40.</summary>
    public static readonly UInt128 MaxDifficulty = LinkDifficulty.Maximum;

    /// <summary>The job, or what is wrong with it.</summary>
    /// <param name="told">As <see cref="WorkCodec.TryDecode"/> read it.</param>
    /// <param name="publisher">Who signed it.</param>
    public static JobReading Read(DaemonTemplate told, PeerId publisher)
    {
        if (!BlockTemplate.TryParse(told.Blob, TemplateRules.ReserveSize, out BlockTemplate? template, out string error))
            return new JobReading(null, error, IsForged: true);
        if (template.MajorVersion > TemplateRules.LastKnownVersion)
            return new JobReading(null, $"a block of version {template.MajorVersion}, newer than this program knows", IsForged: false);
        if (FaultOf(told, template) is string fault)
            return new JobReading(null, fault, IsForged: true);
        DaemonTemplate raw = told with
        {
            Height = template.Height,
            PreviousId = template.PreviousId,
            ExpectedReward = template.Amount,
            SeedHeight = SeedHeight.Of(template.Height),
        };
        return new JobReading(new DaemonJob(template, raw, raw.Difficulty, null) { Publisher = publisher }, "", IsForged: false);
    }

    private static string? FaultOf(DaemonTemplate told, BlockTemplate template)
    {
        if (template.MajorVersion < TemplateRules.FirstRandomXVersion)
            return $"a block of version {template.MajorVersion}";
        if (told.Difficulty == 0 || told.Difficulty > MaxDifficulty)
            return $"difficulty {told.Difficulty}";
        if (template.CoinbaseBranch.Length > MoneroProof.MaxBranchLength || template.CoinbaseBytes(template.Reserved).Length > MoneroProof.MaxCoinbaseSize)
            return "a block that no share can be made of";
        if (told.NextSeedHash is not null && SeedHeight.Of(template.Height + SeedHeight.Lag) == SeedHeight.Of(template.Height))
            return $"a next key at height {template.Height}, where no epoch is near";
        Span<byte> blob = stackalloc byte[HashingBlob.MaxSize];
        int length = template.WriteHashingBlob(template.Reserved, template.Nonce, blob, out _);
        return blob[..length].SequenceEqual(told.HashingBlob) ? null : "a hashing blob that is not the one of its template";
    }
}

/// <param name="Job">Null when something is wrong.</param>
/// <param name="Error">One line; empty when nothing is.</param>
/// <param name="IsForged">Whether whoever sent it is to blame.</param>
internal sealed record JobReading(DaemonJob? Job, string Error, bool IsForged);
