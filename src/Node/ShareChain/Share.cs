using System.Buffers.Binary;
using System.Numerics;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Node.ShareChain;

/// <summary>
/// A link of the share chain: header and proof. An instance is sound in itself (the proof commits to the header); whether
/// it has enough work and fits into the chain is for <see cref="ShareTree"/> to say. Immutable.
/// </summary>
internal sealed class Share
{
    private readonly Hash256 _merkleRoot;

    private Share(ShareHeader header, ShareProof proof, Hash256 merkleRoot)
    {
        Header = header;
        Proof = proof;
        _merkleRoot = merkleRoot;
        Span<byte> blob = stackalloc byte[HashingBlob.MaxSize];
        Id = HashingBlob.IdOf(blob[..WriteHashingBlob(blob)]);
    }

    public ShareHeader Header { get; }

    public ShareProof Proof { get; }

    /// <summary>
    /// The Monero block id of the hashing blob. It covers every byte of the share, so that equal ids mean equal shares.
    /// </summary>
    public Hash256 Id { get; }

    /// <summary>A share that was mined for the chain alone.</summary>
    public static Share Embedded(ShareHeader header, uint nonce) => new(header, new EmbeddedProof(nonce), header.Commitment());

    /// <summary>A share that was mined on a Monero block.</summary>
    /// <param name="header">Its key is the Monero block's <c>seed_hash</c>.</param>
    /// <param name="proof">The Monero block.</param>
    /// <param name="share">The share on success.</param>
    /// <returns><see cref="ShareCodecError.None"/>, or why the proof does not belong to the header.</returns>
    public static ShareCodecError TryMonero(ShareHeader header, MoneroProof proof, out Share? share)
    {
        share = null;
        if (proof.Branch.Length > MoneroProof.MaxBranchLength)
            return ShareCodecError.Branch;

        // In Monero's tree the coinbase is floor(log2(leaves)) levels below the root.
        if (proof.TransactionCount == 0 || BitOperations.Log2(proof.TransactionCount) != proof.Branch.Length)
            return ShareCodecError.TransactionCount;
        ReadOnlySpan<byte> coinbase = proof.Coinbase.Span;
        if (coinbase.Length > MoneroProof.MaxCoinbaseSize || !CoinbaseTransaction.TryParse(coinbase, out CoinbaseTransaction parsed, out _))
            return ShareCodecError.Coinbase;
        if (parsed.NonceSize != MoneroProof.ReservedSize)
            return ShareCodecError.Commitment;
        ReadOnlySpan<byte> reserved = coinbase.Slice(parsed.NonceOffset, parsed.NonceSize);
        if (BinaryPrimitives.ReadUInt64LittleEndian(reserved) != header.ExtraNonce
            || new Hash256(reserved[sizeof(ulong)..]) != header.Commitment())
        {
            return ShareCodecError.Commitment;
        }
        share = new Share(header, proof, TreeHash.RootFromBranch(CoinbaseTransaction.Hash(coinbase), proof.Branch.Span));
        return ShareCodecError.None;
    }

    /// <summary>Writes the bytes that the proof of work was computed over; returns their number.</summary>
    /// <param name="destination">At least <see cref="HashingBlob.MaxSize"/> bytes.</param>
    public int WriteHashingBlob(Span<byte> destination) => Proof switch
    {
        EmbeddedProof embedded => EmbeddedBlob(Header, _merkleRoot).Write(embedded.Nonce, destination, out _),
        MoneroProof monero => new HashingBlob(
            monero.MajorVersion, monero.MinorVersion, monero.Timestamp, monero.PreviousId, _merkleRoot, monero.TransactionCount)
            .Write(monero.Nonce, destination, out _),
        _ => throw new InvalidOperationException($"no hashing blob for {Proof.GetType().Name}"),
    };

    /// <summary>The hashing blob of an embedded share, before a nonce is chosen.</summary>
    /// <param name="header">The share's header.</param>
    /// <param name="commitment">Its <see cref="ShareHeader.Commitment"/>.</param>
    public static HashingBlob EmbeddedBlob(ShareHeader header, Hash256 commitment) => new(
        EmbeddedProof.MajorVersion, EmbeddedProof.MinorVersion, header.Timestamp, header.Parent, commitment, EmbeddedProof.TransactionCount);
}
