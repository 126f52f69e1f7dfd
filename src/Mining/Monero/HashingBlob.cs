using System.Buffers.Binary;

namespace P2PMiner.Mining.Monero;

/// <summary>
/// Monero's block hashing blob, the bytes that proof of work is computed over: varint major version, varint minor
/// version, varint timestamp, 32-byte previous id, 4-byte nonce, 32-byte merkle root, varint transaction count with
/// the coinbase (monero-project/monero, src/cryptonote_basic/cryptonote_format_utils.cpp, <c>get_block_hashing_blob</c>).
/// </summary>
/// <param name="MajorVersion">Consensus rules of the block.</param>
/// <param name="MinorVersion">Vote for the next rules.</param>
/// <param name="Timestamp">Seconds since the Unix epoch.</param>
/// <param name="PreviousId">Id of the parent block.</param>
/// <param name="MerkleRoot">Tree hash of coinbase and transactions.</param>
/// <param name="TransactionCount">Transactions including the coinbase.</param>
public readonly record struct HashingBlob(
    ulong MajorVersion, ulong MinorVersion, ulong Timestamp, Hash256 PreviousId, Hash256 MerkleRoot, ulong TransactionCount)
{
    /// <summary>The largest blob, in bytes: four varints of 64 bits, two hashes and the nonce.</summary>
    public const int MaxSize = 4 * MoneroVarint.MaxSize + 2 * Hash256.Size + sizeof(uint);

    /// <summary>Writes the blob with <paramref name="nonce"/>; returns its length in bytes.</summary>
    /// <param name="nonce">The 32-bit nonce, stored little-endian.</param>
    /// <param name="destination">At least <see cref="MaxSize"/> bytes.</param>
    /// <param name="nonceOffset">Where the four nonce bytes begin.</param>
    public int Write(uint nonce, Span<byte> destination, out int nonceOffset)
    {
        int length = MoneroVarint.Write(MajorVersion, destination);
        length += MoneroVarint.Write(MinorVersion, destination[length..]);
        length += MoneroVarint.Write(Timestamp, destination[length..]);
        PreviousId.CopyTo(destination[length..]);
        nonceOffset = length + Hash256.Size;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[nonceOffset..], nonce);
        length = nonceOffset + sizeof(uint);
        MerkleRoot.CopyTo(destination[length..]);
        length += Hash256.Size;
        return length + MoneroVarint.Write(TransactionCount, destination[length..]);
    }

    /// <summary>
    /// The block id: Keccak-256 of the blob preceded by its length as a varint (same file,
    /// <c>calculate_block_hash</c>).
    /// </summary>
    public Hash256 Id(uint nonce)
    {
        Span<byte> blob = stackalloc byte[MaxSize];
        return IdOf(blob[..Write(nonce, blob, out _)]);
    }

    /// <summary>The block id of a blob that is already in bytes.</summary>
    /// <param name="blob">At most <see cref="MaxSize"/> bytes.</param>
    public static Hash256 IdOf(ReadOnlySpan<byte> blob)
    {
        Span<byte> prefixed = stackalloc byte[MoneroVarint.MaxSize + MaxSize];
        int length = MoneroVarint.Write((ulong)blob.Length, prefixed);
        blob.CopyTo(prefixed[length..]);
        return Keccak256.Hash(prefixed[..(length + blob.Length)]);
    }
}
