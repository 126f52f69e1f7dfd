using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>What turns a share's header into the hashing blob that its proof of work was computed over.</summary>
internal abstract record ShareProof;

/// <summary>
/// Proof of a share that was mined for the chain alone. The hashing blob has Monero's form: major version 1, minor
/// version 0, the header's timestamp, the header's parent as previous id, the header's commitment as merkle root, one
/// transaction.
/// </summary>
internal sealed record EmbeddedProof(uint Nonce) : ShareProof
{
    public const ulong MajorVersion = 1;
    public const ulong MinorVersion = 0;
    public const ulong TransactionCount = 1;
}

/// <summary>
/// Proof of a share that was mined on a Monero block: the block's header, its coinbase and what leads from the coinbase
/// to the merkle root. The coinbase's extra nonce field holds the header's extra nonce (8 bytes, little-endian) and
/// commitment (32 bytes) and nothing else.
/// </summary>
internal sealed record MoneroProof : ShareProof
{
    /// <summary>Length of the coinbase's extra nonce field, in bytes.</summary>
    public const int ReservedSize = sizeof(ulong) + Hash256.Size;

    /// <summary>The largest coinbase, in bytes; one that pays a single address has about 200.</summary>
    public const int MaxCoinbaseSize = 2048;

    /// <summary>The longest merkle branch: blocks of up to 2^17 − 1 transactions.</summary>
    public const int MaxBranchLength = 16;

    public required byte MajorVersion { get; init; }

    public required byte MinorVersion { get; init; }

    /// <summary>The Monero block's timestamp, seconds since the Unix epoch; the chain never looks at it.</summary>
    public required ulong Timestamp { get; init; }

    /// <summary>Id of the previous Monero block.</summary>
    public required Hash256 PreviousId { get; init; }

    public required uint Nonce { get; init; }

    /// <summary>Transactions of the block including the coinbase.</summary>
    public required uint TransactionCount { get; init; }

    /// <summary>Siblings from the coinbase up to the merkle root.</summary>
    public required ReadOnlyMemory<Hash256> Branch { get; init; }

    public required ReadOnlyMemory<byte> Coinbase { get; init; }
}
