using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Sources.Chain;

/// <summary>
/// A link of the embedded share chain to be mined, without a parent network: every hit is a share, and there is no
/// difficulty that would make it a block (<see cref="Job.NetworkDifficulty"/> is the greatest there is).
/// </summary>
internal sealed class ChainJob : Job
{
    private ChainJob()
    {
    }

    public override JobSource Source => JobSource.Chain;

    public required ShareTemplate Template { get; init; }

    /// <param name="id">The job's name.</param>
    /// <param name="template">A link under the chain's own key.</param>
    public static ChainJob Create(string id, ShareTemplate template) => new()
    {
        Id = id,
        Template = template,
        Key = template.Header.Key,
        NextKey = template.NextKey,
        Height = template.Header.Height,
        ShareDifficulty = template.Header.Difficulty,
        NetworkDifficulty = UInt128.MaxValue,
    };

    public override int WriteHashingBlob(ulong extraNonce, Span<byte> destination, out int nonceOffset) =>
        Share.EmbeddedBlob(Template.Header, Template.Commitment(extraNonce)).Write(nonce: 0, destination, out nonceOffset);

    /// <summary>The share that a hit on this job makes.</summary>
    public Share ToShare(Hit hit) => Template.ToShare(hit.ExtraNonce, hit.Nonce);
}
