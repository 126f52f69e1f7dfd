using P2PMiner.Mining.Monero;

namespace P2PMiner.Mining;

/// <summary>Where jobs come from. A greater value is preferred to a smaller one.</summary>
public enum JobSource
{
    /// <summary>The embedded share chain.</summary>
    Chain = 0,

    /// <summary>A Monero daemon.</summary>
    Daemon = 1,
}

/// <summary>
/// What is to be searched now. Immutable, so that every miner thread can read it without a lock. A job's work is cut
/// into (extra nonce, nonce) pairs: each extra nonce gives another hashing blob with a 32-bit nonce space of its own.
/// </summary>
public abstract class Job
{
    /// <summary>Names the job in logs and in the API; unique within this process.</summary>
    public required string Id { get; init; }

    public abstract JobSource Source { get; }

    /// <summary>The RandomX key (Monero: <c>seed_hash</c>) that hashes of this job are computed with.</summary>
    public required Hash256 Key { get; init; }

    /// <summary>The key of the next epoch once it is known (Monero: <c>next_seed_hash</c>).</summary>
    public Hash256? NextKey { get; init; }

    /// <summary>Height of the block or link that a hit would make.</summary>
    public required ulong Height { get; init; }

    /// <summary>A hash that meets it makes a share. Never above <see cref="NetworkDifficulty"/>.</summary>
    public required UInt128 ShareDifficulty { get; init; }

    /// <summary>A hash that meets it makes a block of the source's network.</summary>
    public required UInt128 NetworkDifficulty { get; init; }

    /// <summary>
    /// For a job whose blob is the same for every extra nonce, and for every node of the cluster: the part of the nonce space that
    /// is this node's. Null for a job whose blobs differ, of which each thread searches the whole space.
    /// </summary>
    public INonceRanges? Ranges { get; init; }

    /// <summary>
    /// Writes the hashing blob for one extra nonce, with a zero nonce; returns its length in bytes. Called once per
    /// extra nonce and thread, never per hash.
    /// </summary>
    /// <param name="extraNonce">Any value; equal values give equal blobs.</param>
    /// <param name="destination">At least <see cref="HashingBlob.MaxSize"/> bytes.</param>
    /// <param name="nonceOffset">Where the four little-endian nonce bytes begin.</param>
    public abstract int WriteHashingBlob(ulong extraNonce, Span<byte> destination, out int nonceOffset);
}

/// <summary>A nonce whose hash met its job's share difficulty, as found and not yet re-checked.</summary>
/// <param name="Job">The job it was found on.</param>
/// <param name="ExtraNonce">The extra nonce of the hashing blob.</param>
/// <param name="Nonce">The nonce in the hashing blob.</param>
/// <param name="Hash">The RandomX hash that the finder computed.</param>
/// <param name="Thread">Index of the miner thread.</param>
public sealed record Hit(Job Job, ulong ExtraNonce, uint Nonce, Hash256 Hash, int Thread)
{
    /// <summary>Whether the hash also meets the network difficulty.</summary>
    public bool IsBlock
    {
        get
        {
            Span<byte> hash = stackalloc byte[Hash256.Size];
            Hash.CopyTo(hash);
            return Difficulty.IsMet(hash, Job.NetworkDifficulty);
        }
    }
}
