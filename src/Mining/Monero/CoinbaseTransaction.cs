namespace P2PMiner.Mining.Monero;

/// <summary>
/// What a coinbase (miner) transaction says and where its parts lie, found by a strict walk over its bytes. The bytes
/// themselves stay with the caller. Layout, all integers varints (monero-project/monero,
/// src/cryptonote_basic/cryptonote_basic.h and tx_extra.h):
/// <code>
/// version (1 or 2) | unlock time = height + 60 | 1 input | 0xff | height
/// | output count | per output: amount, type 0x02 or 0x03, 32-byte key, 1-byte view tag if 0x03
/// | extra size | extra | 0x00 (RingCT type "null", version 2 only)
/// </code>
/// </summary>
/// <param name="Version">1 or 2.</param>
/// <param name="Height">Height of the block that the transaction is the coinbase of.</param>
/// <param name="OutputCount">At least 1.</param>
/// <param name="Amount">Sum of all outputs in atomic units (10^-12 XMR).</param>
/// <param name="NonceOffset">Where the content of the extra nonce (tx_extra tag 0x02) begins; 0 when there is none.</param>
/// <param name="NonceSize">Bytes of the extra nonce.</param>
public readonly record struct CoinbaseTransaction(
    int Version, ulong Height, int OutputCount, ulong Amount, int NonceOffset, int NonceSize)
{
    /// <summary>
    /// The largest coinbase that is read, in bytes: ours have one output of about 40 bytes; a payout to 1,000 miners
    /// in the coinbase, as P2Pool makes, fits.
    /// </summary>
    public const int MaxSize = 64 * 1024;

    /// <summary>Blocks that a reward stays locked (<c>CRYPTONOTE_MINED_MONEY_UNLOCK_WINDOW</c>).</summary>
    public const ulong UnlockWindow = 60;

    /// <summary>Heights from here on are times (<c>CRYPTONOTE_MAX_BLOCK_NUMBER</c>).</summary>
    public const ulong MaxHeight = 500_000_000;

    private const byte GenesisInput = 0xff;
    private const byte KeyOutput = 0x02;
    private const byte TaggedKeyOutput = 0x03;
    private const byte RingCtNull = 0x00;

    /// <summary>Reads a coinbase that takes up all of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">At most <see cref="MaxSize"/> bytes.</param>
    /// <param name="coinbase">Offsets are relative to the start of <paramref name="bytes"/>.</param>
    /// <param name="error">One line that says what is wrong and at which byte; empty on success.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out CoinbaseTransaction coinbase, out string error)
    {
        var reader = new BlobReader(bytes);
        bool parsed = TryRead(ref reader, out coinbase)
            && (reader.Remaining == 0 || reader.Fail($"{reader.Remaining} bytes follow the coinbase"));
        error = reader.Error;
        return parsed;
    }

    /// <summary>
    /// The transaction's id, which is its leaf in the merkle tree: Keccak-256 of the bytes for version 1; for version 2
    /// that of Keccak-256(all but the RingCT type) ‖ Keccak-256(0x00) ‖ 32 zero bytes
    /// (src/cryptonote_basic/cryptonote_format_utils.cpp, <c>calculate_transaction_hash</c>).
    /// </summary>
    /// <param name="coinbase">Bytes that <see cref="TryParse"/> accepts.</param>
    /// <exception cref="ArgumentException">No bytes.</exception>
    public static Hash256 Hash(ReadOnlySpan<byte> coinbase)
    {
        if (coinbase.IsEmpty)
            throw new ArgumentException("a coinbase has at least one byte", nameof(coinbase));
        if (coinbase[0] == 1)
            return Keccak256.Hash(coinbase);
        Span<byte> parts = stackalloc byte[3 * Hash256.Size];
        Keccak256.Hash(coinbase[..^1], parts);
        Keccak256.Hash([RingCtNull], parts[Hash256.Size..]);
        parts[(2 * Hash256.Size)..].Clear();
        return Keccak256.Hash(parts);
    }

    /// <summary>Reads a coinbase at the reader's position and leaves the reader behind it.</summary>
    internal static bool TryRead(ref BlobReader reader, out CoinbaseTransaction coinbase)
    {
        coinbase = default;
        int start = reader.Position;
        if (!TryReadInput(ref reader, out ulong version, out ulong height)
            || !TryReadOutputs(ref reader, out int outputCount, out ulong amount)
            || !TryReadExtra(ref reader, out int nonceOffset, out int nonceSize))
        {
            return false;
        }
        if (version == 2)
        {
            if (!reader.TryByte("RingCT type", out byte type))
                return false;
            if (type != RingCtNull)
                return reader.Fail($"RingCT type {type} is not that of a coinbase");
        }
        if (reader.Position - start > MaxSize)
            return reader.Fail($"coinbase of {reader.Position - start} bytes exceeds {MaxSize}");
        coinbase = new CoinbaseTransaction(
            (int)version, height, outputCount, amount, nonceSize == 0 ? 0 : nonceOffset - start, nonceSize);
        return true;
    }

    private static bool TryReadInput(ref BlobReader reader, out ulong version, out ulong height)
    {
        height = 0;
        if (!reader.TryVarint("transaction version", out version))
            return false;
        if (version is not (1 or 2))
            return reader.Fail($"transaction version {version} is not 1 or 2");
        if (!reader.TryVarint("unlock time", out ulong unlockTime) || !reader.TryVarint("input count", out ulong inputs))
            return false;
        if (inputs != 1)
            return reader.Fail($"{inputs} inputs, a coinbase has 1");
        if (!reader.TryByte("input type", out byte type))
            return false;
        if (type != GenesisInput)
            return reader.Fail($"input type 0x{type:x2} is not that of a coinbase (0xff)");
        if (!reader.TryVarint("height", out height))
            return false;
        if (height >= MaxHeight)
            return reader.Fail($"height {height} is not below {MaxHeight}");
        return unlockTime == height + UnlockWindow
            || reader.Fail($"unlock time {unlockTime} is not height {height} + {UnlockWindow}");
    }

    private static bool TryReadOutputs(ref BlobReader reader, out int count, out ulong amount)
    {
        count = 0;
        amount = 0;
        if (!reader.TryVarint("output count", out ulong claimed))
            return false;
        if (claimed == 0)
            return reader.Fail("the coinbase has no output");
        for (; (ulong)count < claimed; count++)
        {
            if (!reader.TryVarint("output amount", out ulong part) || !reader.TryByte("output type", out byte type))
                return false;
            if (part > ulong.MaxValue - amount)
                return reader.Fail("the sum of the outputs exceeds 64 bits");
            amount += part;
            if (type is not (KeyOutput or TaggedKeyOutput))
                return reader.Fail($"output type 0x{type:x2} is neither 0x02 nor 0x03");
            if (!reader.TryTake("output key", type == TaggedKeyOutput ? 33u : 32u, out _))
                return false;
        }
        return true;
    }

    private static bool TryReadExtra(ref BlobReader reader, out int nonceOffset, out int nonceSize)
    {
        nonceOffset = 0;
        nonceSize = 0;
        if (!reader.TryVarint("extra size", out ulong size))
            return false;
        int start = reader.Position;
        if (!reader.TryTake("extra", size, out ReadOnlySpan<byte> extra))
            return false;
        if (!TransactionExtra.TryFindNonce(extra, out Range nonce, out string error))
            return reader.Fail(error);
        (nonceOffset, nonceSize) = nonce.GetOffsetAndLength(extra.Length);
        nonceOffset += start;
        return true;
    }
}
