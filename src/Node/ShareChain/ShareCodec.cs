using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>Why bytes are not a share.</summary>
internal enum ShareCodecError
{
    None,

    /// <summary>Fewer or more bytes than the content says, or more than <see cref="ShareCodec.MaxSize"/>.</summary>
    Length,

    /// <summary>A header version that is not known here.</summary>
    Version,

    /// <summary>A miner id without bytes or with more than <see cref="ShareChain.MinerId.MaxSize"/>.</summary>
    MinerId,

    /// <summary>More uncles than <see cref="UncleIds.Max"/>, or not in ascending order.</summary>
    Uncles,

    /// <summary>A kind of proof that is not known here.</summary>
    ProofKind,

    /// <summary>A merkle branch of more than <see cref="MoneroProof.MaxBranchLength"/> hashes.</summary>
    Branch,

    /// <summary>A number of transactions that the merkle branch does not fit.</summary>
    TransactionCount,

    /// <summary>A coinbase that is too large or not one.</summary>
    Coinbase,

    /// <summary>A coinbase that does not commit to the header.</summary>
    Commitment,
}

/// <summary>
/// Shares in bytes, as they are stored and will travel: the header (<see cref="ShareHeader"/>), then the proof, integers
/// little-endian. There is one form only: what decodes, encodes to the same bytes.
/// <code>
/// size
///    1  kind of proof: 0 embedded, 1 Monero
///       embedded:
///    4  nonce
///       Monero:
///    1  major version
///    1  minor version
///    8  timestamp
///   32  previous id
///    4  nonce
///    4  transaction count
///    1  length b of the merkle branch, 0 to 16
///  32b  merkle branch
///    2  length c of the coinbase, up to 2048
///    c  coinbase
/// </code>
/// </summary>
internal static class ShareCodec
{
    /// <summary>The largest share, in bytes.</summary>
    public const int MaxSize = ShareHeader.MaxSize + 1 + MoneroFixedSize
        + MoneroProof.MaxBranchLength * Hash256.Size + sizeof(ushort) + MoneroProof.MaxCoinbaseSize;

    private const byte EmbeddedKind = 0;
    private const byte MoneroKind = 1;

    private const int TimestampOffset = 2;
    private const int PreviousIdOffset = TimestampOffset + sizeof(ulong);
    private const int NonceOffset = PreviousIdOffset + Hash256.Size;
    private const int CountOffset = NonceOffset + sizeof(uint);
    private const int BranchLengthOffset = CountOffset + sizeof(uint);
    private const int MoneroFixedSize = BranchLengthOffset + 1;

    public static byte[] Encode(Share share)
    {
        var bytes = new byte[SizeOf(share)];
        int length = share.Header.Write(bytes);
        switch (share.Proof)
        {
            case EmbeddedProof embedded:
                bytes[length] = EmbeddedKind;
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(length + 1), embedded.Nonce);
                break;
            case MoneroProof monero:
                bytes[length] = MoneroKind;
                WriteMonero(monero, bytes.AsSpan(length + 1));
                break;
        }
        return bytes;
    }

    /// <summary>Reads a share that takes up all of <paramref name="source"/>.</summary>
    /// <param name="source">Bytes of any origin and length.</param>
    /// <param name="share">The share on success; it keeps nothing of <paramref name="source"/>.</param>
    /// <param name="error">What is wrong otherwise.</param>
    public static bool TryDecode(ReadOnlySpan<byte> source, [NotNullWhen(true)] out Share? share, out ShareCodecError error)
    {
        share = null;
        if (source.Length > MaxSize)
        {
            error = ShareCodecError.Length;
            return false;
        }
        error = ShareHeader.Read(source, out ShareHeader? header);
        if (header is not null)
            error = DecodeProof(header, source[header.Size..], out share);
        return share is not null;
    }

    private static int SizeOf(Share share) => share.Header.Size + 1 + (share.Proof is MoneroProof monero
        ? MoneroFixedSize + monero.Branch.Length * Hash256.Size + sizeof(ushort) + monero.Coinbase.Length
        : sizeof(uint));

    private static void WriteMonero(MoneroProof proof, Span<byte> destination)
    {
        destination[0] = proof.MajorVersion;
        destination[1] = proof.MinorVersion;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[TimestampOffset..], proof.Timestamp);
        proof.PreviousId.CopyTo(destination[PreviousIdOffset..]);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[NonceOffset..], proof.Nonce);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[CountOffset..], proof.TransactionCount);
        destination[BranchLengthOffset] = (byte)proof.Branch.Length;
        destination = destination[MoneroFixedSize..];
        foreach (Hash256 sibling in proof.Branch.Span)
        {
            sibling.CopyTo(destination);
            destination = destination[Hash256.Size..];
        }
        BinaryPrimitives.WriteUInt16LittleEndian(destination, (ushort)proof.Coinbase.Length);
        proof.Coinbase.Span.CopyTo(destination[sizeof(ushort)..]);
    }

    private static ShareCodecError DecodeProof(ShareHeader header, ReadOnlySpan<byte> source, out Share? share)
    {
        share = null;
        if (source.IsEmpty)
            return ShareCodecError.Length;
        ReadOnlySpan<byte> proof = source[1..];
        switch (source[0])
        {
            case EmbeddedKind:
                if (proof.Length != sizeof(uint))
                    return ShareCodecError.Length;
                share = Share.Embedded(header, BinaryPrimitives.ReadUInt32LittleEndian(proof));
                return ShareCodecError.None;
            case MoneroKind:
                return DecodeMonero(header, proof, out share);
            default:
                return ShareCodecError.ProofKind;
        }
    }

    private static ShareCodecError DecodeMonero(ShareHeader header, ReadOnlySpan<byte> source, out Share? share)
    {
        share = null;
        if (source.Length < MoneroFixedSize)
            return ShareCodecError.Length;
        int branchLength = source[BranchLengthOffset];
        if (branchLength > MoneroProof.MaxBranchLength)
            return ShareCodecError.Branch;
        ReadOnlySpan<byte> rest = source[MoneroFixedSize..];
        if (rest.Length < branchLength * Hash256.Size + sizeof(ushort))
            return ShareCodecError.Length;
        var branch = new Hash256[branchLength];
        foreach (ref Hash256 sibling in branch.AsSpan())
        {
            sibling = new Hash256(rest[..Hash256.Size]);
            rest = rest[Hash256.Size..];
        }
        int coinbaseSize = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        rest = rest[sizeof(ushort)..];
        if (rest.Length != coinbaseSize)
            return ShareCodecError.Length;
        var proof = new MoneroProof
        {
            MajorVersion = source[0],
            MinorVersion = source[1],
            Timestamp = BinaryPrimitives.ReadUInt64LittleEndian(source[TimestampOffset..]),
            PreviousId = new Hash256(source.Slice(PreviousIdOffset, Hash256.Size)),
            Nonce = BinaryPrimitives.ReadUInt32LittleEndian(source[NonceOffset..]),
            TransactionCount = BinaryPrimitives.ReadUInt32LittleEndian(source[CountOffset..]),
            Branch = branch,
            Coinbase = rest.ToArray(),
        };
        return Share.TryMonero(header, proof, out share);
    }
}
