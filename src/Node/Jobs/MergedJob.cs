using System.Diagnostics.CodeAnalysis;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// A Monero block whose coinbase commits to a link of the share chain: one hash serves both. A hit may meet the chain's
/// difficulty, the network's, or, where the network's is the lower one (regtest), only that.
/// </summary>
internal sealed class MergedJob : Job
{
    /// <param name="block">The block, with any commitment.</param>
    /// <param name="share">The link to commit to, under the block's key.</param>
    [SetsRequiredMembers]
    public MergedJob(DaemonJob block, ShareTemplate share)
    {
        Block = block.WithShare(share.Header.Difficulty, share.Commitment);
        Share = share;
        Id = Block.Id;
        Key = Block.Key;
        NextKey = Block.NextKey;
        Height = Block.Height;
        ShareDifficulty = Block.ShareDifficulty;
        NetworkDifficulty = Block.NetworkDifficulty;
    }

    public override JobSource Source => JobSource.Daemon;

    /// <summary>The block, which commits to <see cref="Share"/>.</summary>
    public DaemonJob Block { get; }

    public ShareTemplate Share { get; }

    public override int WriteHashingBlob(ulong extraNonce, Span<byte> destination, out int nonceOffset) =>
        Block.WriteHashingBlob(extraNonce, destination, out nonceOffset);

    /// <summary>The link that a hit makes when it meets the chain's difficulty.</summary>
    /// <param name="hit">A hit on this job.</param>
    /// <param name="share">The link on success.</param>
    /// <returns><see cref="ShareCodecError.None"/>, or why the block is beyond what a share can carry.</returns>
    public ShareCodecError TryToShare(Hit hit, out Share? share)
    {
        BlockTemplate template = Block.Template;
        Span<byte> reserved = stackalloc byte[MoneroProof.ReservedSize];
        Block.FillReserved(hit.ExtraNonce, reserved);
        MoneroProof proof = new()
        {
            MajorVersion = (byte)template.MajorVersion,
            MinorVersion = (byte)template.MinorVersion,
            Timestamp = template.Timestamp,
            PreviousId = template.PreviousId,
            Nonce = hit.Nonce,
            TransactionCount = (uint)template.TransactionCount,
            Branch = template.CoinbaseBranch.ToArray(),
            Coinbase = template.CoinbaseBytes(reserved),
        };
        return Share.TryToShare(hit.ExtraNonce, proof, out share);
    }
}
