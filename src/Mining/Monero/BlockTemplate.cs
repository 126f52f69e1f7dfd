using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.Mining.Monero;

/// <summary>
/// A Monero block that waits for its nonce: what a daemon's <c>get_block_template</c> returns, checked, with the bytes
/// in its coinbase that a node fills in for itself. Layout (monero-project/monero,
/// src/cryptonote_basic/cryptonote_basic.h, <c>block</c>):
/// <code>
/// major | minor | timestamp (varints) | previous id (32) | nonce (4, little-endian)
/// | coinbase (see CoinbaseTransaction) | transaction count (varint) | transaction ids (32 each)
/// </code>
/// Immutable: any thread may call any member.
/// </summary>
public sealed class BlockTemplate
{
    /// <summary>The largest template that is read, in bytes: room for 30,000 transactions and a full coinbase.</summary>
    public const int MaxSize = 1024 * 1024;

    /// <summary>Coinbases up to this many bytes are rebuilt on the stack, larger ones in a pooled buffer.</summary>
    private const int StackLimit = 1024;

    private readonly byte[] _blob;
    private readonly Hash256[] _branch;
    private readonly Layout _layout;

    /// <param name="NonceOffset">Of the header's nonce in the blob.</param>
    /// <param name="CoinbaseOffset">Of the coinbase in the blob.</param>
    /// <param name="CoinbaseSize">In bytes.</param>
    /// <param name="ReservedOffset">Of the reserved bytes in the blob.</param>
    private readonly record struct Layout(int NonceOffset, int CoinbaseOffset, int CoinbaseSize, int ReservedOffset);

    private BlockTemplate(
        byte[] blob, in Layout layout, in HashingBlob header, in CoinbaseTransaction coinbase, Hash256[] branch, int reservedSize)
    {
        _blob = blob;
        _layout = layout;
        _branch = branch;
        MajorVersion = header.MajorVersion;
        MinorVersion = header.MinorVersion;
        Timestamp = header.Timestamp;
        PreviousId = header.PreviousId;
        TransactionCount = (int)header.TransactionCount;
        Height = coinbase.Height;
        Amount = coinbase.Amount;
        ReservedSize = reservedSize;
    }

    /// <summary>Consensus rules of the block.</summary>
    public ulong MajorVersion { get; }

    /// <summary>Vote for the next rules.</summary>
    public ulong MinorVersion { get; }

    /// <summary>Seconds since the Unix epoch.</summary>
    public ulong Timestamp { get; }

    /// <summary>Id of the parent block.</summary>
    public Hash256 PreviousId { get; }

    /// <summary>The header nonce in the bytes that were parsed.</summary>
    public uint Nonce => BinaryPrimitives.ReadUInt32LittleEndian(_blob.AsSpan(_layout.NonceOffset));

    /// <summary>Height of the block, from the coinbase's input.</summary>
    public ulong Height { get; }

    /// <summary>Sum of the coinbase's outputs (base reward and fees) in atomic units (10^-12 XMR).</summary>
    public ulong Amount { get; }

    /// <summary>Transactions including the coinbase.</summary>
    public int TransactionCount { get; }

    /// <summary>Bytes that a node fills in for itself, at least 1.</summary>
    public int ReservedSize { get; }

    /// <summary>The reserved bytes as they were parsed.</summary>
    public ReadOnlySpan<byte> Reserved => _blob.AsSpan(_layout.ReservedOffset, ReservedSize);

    /// <summary>Siblings from the coinbase up to the merkle root; see <see cref="TreeHash.CoinbaseBranch"/>.</summary>
    public ReadOnlySpan<Hash256> CoinbaseBranch => _branch;

    /// <summary>
    /// Parses a <c>blocktemplate_blob</c>. Allocates at most three times the blob's length and 4 KiB.
    /// </summary>
    /// <param name="blob">The blob's bytes, at most <see cref="MaxSize"/>; copied.</param>
    /// <param name="reservedOffset">The daemon's <c>reserved_offset</c>, in bytes from the start of the blob.</param>
    /// <param name="reservedSize">
    /// Reserved bytes to use, at least 1. They have to lie inside the nonce field (tag 0x02) of the coinbase's extra.
    /// </param>
    /// <param name="template">The template on success.</param>
    /// <param name="error">One line that says what is wrong; empty on success.</param>
    public static bool TryParse(
        ReadOnlySpan<byte> blob, int reservedOffset, int reservedSize, [NotNullWhen(true)] out BlockTemplate? template, out string error) =>
        TryParseAt(blob, reservedOffset, reservedSize, out template, out error);

    /// <summary>Parses a block whose coinbase's nonce field (tag 0x02) has exactly the reserved bytes in it.</summary>
    /// <param name="blob">The block's bytes, at most <see cref="MaxSize"/>; copied.</param>
    /// <param name="reservedSize">Bytes of the nonce field, at least 1.</param>
    /// <param name="template">The block on success.</param>
    /// <param name="error">One line that says what is wrong; empty on success.</param>
    public static bool TryParse(ReadOnlySpan<byte> blob, int reservedSize, [NotNullWhen(true)] out BlockTemplate? template, out string error) =>
        TryParseAt(blob, null, reservedSize, out template, out error);

    private static bool TryParseAt(
        ReadOnlySpan<byte> blob, int? reservedOffset, int reservedSize, [NotNullWhen(true)] out BlockTemplate? template, out string error)
    {
        template = null;
        if (blob.Length > MaxSize)
        {
            error = $"block template of {blob.Length} bytes exceeds {MaxSize}";
            return false;
        }
        var reader = new BlobReader(blob);
        bool parsed = TryRead(ref reader, blob, reservedOffset, reservedSize, out template);
        error = parsed ? "" : $"block template: {reader.Error}";
        return parsed;
    }

    /// <summary>
    /// Writes the hashing blob for given reserved bytes; returns its length in bytes. Allocates nothing.
    /// </summary>
    /// <param name="reserved">Exactly <see cref="ReservedSize"/> bytes.</param>
    /// <param name="nonce">The header nonce.</param>
    /// <param name="destination">At least <see cref="HashingBlob.MaxSize"/> bytes.</param>
    /// <param name="nonceOffset">Where the four little-endian nonce bytes begin.</param>
    /// <exception cref="ArgumentException">Another number of reserved bytes.</exception>
    public int WriteHashingBlob(ReadOnlySpan<byte> reserved, uint nonce, Span<byte> destination, out int nonceOffset) =>
        HashingBlobOf(reserved).Write(nonce, destination, out nonceOffset);

    /// <summary>The id that the block has with given reserved bytes and nonce.</summary>
    /// <inheritdoc cref="WriteHashingBlob" path="/exception"/>
    public Hash256 BlockId(ReadOnlySpan<byte> reserved, uint nonce) => HashingBlobOf(reserved).Id(nonce);

    /// <summary>The whole block as <c>submit_block</c> takes it (before hex).</summary>
    /// <inheritdoc cref="WriteHashingBlob" path="/exception"/>
    public byte[] BuildBlock(ReadOnlySpan<byte> reserved, uint nonce)
    {
        CheckReserved(reserved);
        byte[] block = [.. _blob];
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(_layout.NonceOffset), nonce);
        reserved.CopyTo(block.AsSpan(_layout.ReservedOffset));
        return block;
    }

    /// <summary>The coinbase with given reserved bytes; <see cref="CoinbaseTransaction.TryParse"/> accepts it.</summary>
    /// <inheritdoc cref="WriteHashingBlob" path="/exception"/>
    public byte[] CoinbaseBytes(ReadOnlySpan<byte> reserved)
    {
        CheckReserved(reserved);
        var coinbase = new byte[_layout.CoinbaseSize];
        FillCoinbase(reserved, coinbase);
        return coinbase;
    }

    private HashingBlob HashingBlobOf(ReadOnlySpan<byte> reserved)
    {
        CheckReserved(reserved);
        byte[]? rented = null;
        Span<byte> coinbase = _layout.CoinbaseSize <= StackLimit
            ? stackalloc byte[StackLimit]
            : rented = ArrayPool<byte>.Shared.Rent(_layout.CoinbaseSize);
        coinbase = coinbase[.._layout.CoinbaseSize];
        FillCoinbase(reserved, coinbase);
        Hash256 root = TreeHash.RootFromBranch(CoinbaseTransaction.Hash(coinbase), _branch);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return new HashingBlob(MajorVersion, MinorVersion, Timestamp, PreviousId, root, (ulong)TransactionCount);
    }

    private void FillCoinbase(ReadOnlySpan<byte> reserved, Span<byte> coinbase)
    {
        _blob.AsSpan(_layout.CoinbaseOffset, _layout.CoinbaseSize).CopyTo(coinbase);
        reserved.CopyTo(coinbase[(_layout.ReservedOffset - _layout.CoinbaseOffset)..]);
    }

    private void CheckReserved(ReadOnlySpan<byte> reserved)
    {
        if (reserved.Length != ReservedSize)
            throw new ArgumentException($"expected {ReservedSize} reserved bytes, got {reserved.Length}", nameof(reserved));
    }

    private static bool TryRead(
        ref BlobReader reader, ReadOnlySpan<byte> blob, int? reservedAt, int reservedSize,
        [NotNullWhen(true)] out BlockTemplate? template)
    {
        template = null;
        if (!TryReadHeader(ref reader, out HashingBlob header, out int nonceOffset))
            return false;
        int coinbaseOffset = reader.Position;
        if (!CoinbaseTransaction.TryRead(ref reader, out CoinbaseTransaction coinbase))
            return false;
        int coinbaseSize = reader.Position - coinbaseOffset;
        int fieldOffset = coinbaseOffset + coinbase.NonceOffset;
        if (reservedAt is null && coinbase.NonceSize != reservedSize)
            return reader.Fail($"the coinbase's extra nonce has {coinbase.NonceSize} bytes instead of {reservedSize}, coinbase ends");
        int reservedOffset = reservedAt ?? fieldOffset;
        if (reservedSize < 1 || reservedOffset < fieldOffset || (long)reservedOffset + reservedSize > fieldOffset + coinbase.NonceSize)
        {
            return reader.Fail(
                $"{reservedSize} reserved bytes at {reservedOffset} are not inside the coinbase's extra nonce "
                + $"({coinbase.NonceSize} bytes at {fieldOffset}), coinbase ends");
        }
        if (!reader.TryVarint("transaction count", out ulong count))
            return false;
        if (count != (ulong)(reader.Remaining / Hash256.Size) || reader.Remaining % Hash256.Size != 0)
            return reader.Fail($"{count} transaction ids do not take up the {reader.Remaining} bytes left");

        Hash256[] branch = BranchOf(blob[reader.Position..]);
        header = header with { TransactionCount = count + 1 };
        template = new BlockTemplate(
            blob.ToArray(), new Layout(nonceOffset, coinbaseOffset, coinbaseSize, reservedOffset), header, coinbase, branch, reservedSize);
        return true;
    }

    private static bool TryReadHeader(ref BlobReader reader, out HashingBlob header, out int nonceOffset)
    {
        header = default;
        nonceOffset = 0;
        if (!reader.TryVarint("major version", out ulong major)
            || !reader.TryVarint("minor version", out ulong minor)
            || !reader.TryVarint("timestamp", out ulong timestamp)
            || !reader.TryTake("previous id", Hash256.Size, out ReadOnlySpan<byte> previous))
        {
            return false;
        }
        if (major > byte.MaxValue || minor > byte.MaxValue)
            return reader.Fail($"version {major}.{minor} exceeds {byte.MaxValue}");
        nonceOffset = reader.Position;
        header = new HashingBlob(major, minor, timestamp, new Hash256(previous), default, 0);
        return reader.TryTake("nonce", sizeof(uint), out _);
    }

    private static Hash256[] BranchOf(ReadOnlySpan<byte> transactionIds)
    {
        // Leaf 0, the coinbase, has no part in its own branch.
        var leaves = new Hash256[1 + transactionIds.Length / Hash256.Size];
        for (int i = 1; i < leaves.Length; i++)
            leaves[i] = new Hash256(transactionIds.Slice((i - 1) * Hash256.Size, Hash256.Size));
        return TreeHash.CoinbaseBranch(leaves);
    }
}
