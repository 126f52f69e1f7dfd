using System.Buffers.Binary;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Node.ShareChain;

/// <summary>
/// What a share says about its place in the chain; the proof of work commits to all of it. Layout, integers
/// little-endian:
/// <code>
/// offset size
///      0    1  version, 2
///      1   32  parent id
///     33    8  height
///     41    8  timestamp
///     49   16  difficulty
///     65   16  cumulative difficulty
///     81   32  RandomX key
///    113    8  extra nonce
///    121    1  length m of the miner id, 1 to 64
///    122    m  miner id
///  122+m    1  number u of uncles, 0 to 8
///  123+m  32u  their ids, ascending
/// </code>
/// </summary>
internal sealed record ShareHeader
{
    /// <summary>The only version there is.</summary>
    public const byte Version = 2;

    /// <summary>The shortest header, in bytes.</summary>
    public const int MinSize = MinerIdOffset + 1 + 1;

    /// <summary>The longest header, in bytes.</summary>
    public const int MaxSize = MinerIdOffset + MinerId.MaxSize + 1 + UncleIds.Max * Hash256.Size;

    private const int ParentOffset = 1;
    private const int HeightOffset = ParentOffset + Hash256.Size;
    private const int TimestampOffset = HeightOffset + sizeof(ulong);
    private const int DifficultyOffset = TimestampOffset + sizeof(ulong);
    private const int CumulativeOffset = DifficultyOffset + 16;
    private const int KeyOffset = CumulativeOffset + 16;
    private const int ExtraNonceOffset = KeyOffset + Hash256.Size;
    private const int MinerIdSizeOffset = ExtraNonceOffset + sizeof(ulong);
    private const int MinerIdOffset = MinerIdSizeOffset + 1;

    /// <summary>Id of the link that this one builds on; zero for the genesis link.</summary>
    public required Hash256 Parent { get; init; }

    /// <summary>Links from the genesis link, which has height 0.</summary>
    public required ulong Height { get; init; }

    /// <summary>Seconds since the Unix epoch.</summary>
    public required ulong Timestamp { get; init; }

    /// <summary>What the share's hash has to meet.</summary>
    public required UInt128 Difficulty { get; init; }

    /// <summary>Sum of the difficulties from the genesis link up to and with this one.</summary>
    public required UInt128 CumulativeDifficulty { get; init; }

    /// <summary>The RandomX key of the proof of work: the chain's own, or a Monero <c>seed_hash</c>.</summary>
    public required Hash256 Key { get; init; }

    /// <summary>Free for the miner: every value gives another hashing blob.</summary>
    public required ulong ExtraNonce { get; init; }

    public required MinerId Miner { get; init; }

    /// <summary>Late shares that this one has credited.</summary>
    public UncleIds Uncles { get; init; } = UncleIds.None;

    /// <summary>Length of this header, in bytes.</summary>
    public int Size => MinerIdOffset + Miner.Span.Length + 1 + Uncles.Count * Hash256.Size;

    private static ReadOnlySpan<byte> CommitmentDomain => "p2p-miner/share/2\0"u8;

    /// <summary>
    /// What the proof of work contains in place of the header: Keccak-256 of <c>"p2p-miner/share/2"</c>, a zero byte
    /// and the header's bytes.
    /// </summary>
    public Hash256 Commitment()
    {
        Span<byte> preimage = stackalloc byte[CommitmentDomain.Length + MaxSize];
        CommitmentDomain.CopyTo(preimage);
        int size = Write(preimage[CommitmentDomain.Length..]);
        return Keccak256.Hash(preimage[..(CommitmentDomain.Length + size)]);
    }

    /// <summary>Writes the header and returns its length in bytes.</summary>
    /// <param name="destination">At least <see cref="Size"/> bytes.</param>
    public int Write(Span<byte> destination)
    {
        destination[0] = Version;
        Parent.CopyTo(destination[ParentOffset..]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[HeightOffset..], Height);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[TimestampOffset..], Timestamp);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[DifficultyOffset..], Difficulty);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[CumulativeOffset..], CumulativeDifficulty);
        Key.CopyTo(destination[KeyOffset..]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[ExtraNonceOffset..], ExtraNonce);
        destination[MinerIdSizeOffset] = (byte)Miner.Span.Length;
        Miner.Span.CopyTo(destination[MinerIdOffset..]);
        destination = destination[(MinerIdOffset + Miner.Span.Length)..];
        destination[0] = (byte)Uncles.Count;
        for (int i = 0; i < Uncles.Count; i++)
            Uncles[i].CopyTo(destination[(1 + i * Hash256.Size)..]);
        return Size;
    }

    /// <summary>Reads a header from the start of <paramref name="source"/>; more bytes may follow it.</summary>
    /// <param name="source">Bytes of any origin.</param>
    /// <param name="header">The header on success; its <see cref="Size"/> tells how many bytes it took.</param>
    /// <returns><see cref="ShareCodecError.None"/>, or what is wrong.</returns>
    public static ShareCodecError Read(ReadOnlySpan<byte> source, out ShareHeader? header)
    {
        header = null;
        if (source.Length < MinSize)
            return ShareCodecError.Length;
        if (source[0] != Version)
            return ShareCodecError.Version;
        int minerIdSize = source[MinerIdSizeOffset];
        if (minerIdSize is 0 or > MinerId.MaxSize)
            return ShareCodecError.MinerId;
        int unclesOffset = MinerIdOffset + minerIdSize;
        if (source.Length <= unclesOffset)
            return ShareCodecError.Length;
        ShareCodecError error = ReadUncles(source[unclesOffset..], out UncleIds? uncles);
        if (uncles is null)
            return error;
        header = new ShareHeader
        {
            Parent = new Hash256(source.Slice(ParentOffset, Hash256.Size)),
            Height = BinaryPrimitives.ReadUInt64LittleEndian(source[HeightOffset..]),
            Timestamp = BinaryPrimitives.ReadUInt64LittleEndian(source[TimestampOffset..]),
            Difficulty = BinaryPrimitives.ReadUInt128LittleEndian(source[DifficultyOffset..]),
            CumulativeDifficulty = BinaryPrimitives.ReadUInt128LittleEndian(source[CumulativeOffset..]),
            Key = new Hash256(source.Slice(KeyOffset, Hash256.Size)),
            ExtraNonce = BinaryPrimitives.ReadUInt64LittleEndian(source[ExtraNonceOffset..]),
            Miner = new MinerId(source.Slice(MinerIdOffset, minerIdSize)),
            Uncles = uncles,
        };
        return ShareCodecError.None;
    }

    private static ShareCodecError ReadUncles(ReadOnlySpan<byte> source, out UncleIds? uncles)
    {
        uncles = null;
        int count = source[0];
        if (count > UncleIds.Max)
            return ShareCodecError.Uncles;
        if (source.Length < 1 + count * Hash256.Size)
            return ShareCodecError.Length;
        Hash256[] ids = new Hash256[count];
        for (int i = 0; i < count; i++)
            ids[i] = new Hash256(source.Slice(1 + i * Hash256.Size, Hash256.Size));
        uncles = UncleIds.TryOfSorted(ids);
        return uncles is null ? ShareCodecError.Uncles : ShareCodecError.None;
    }
}
