using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.P2P.Multiformats;

/// <summary>
/// A content identifier (github.com/multiformats/cid). Version 1 is varint 1, varint codec, multihash, in any base; version 0 is a bare
/// SHA-256 multihash in base58btc, and its codec is dag-pb.
/// </summary>
public sealed class Cid : IEquatable<Cid>
{
    /// <summary>Codec of plain bytes.</summary>
    public const ulong RawCodec = 0x55;

    /// <summary>Codec of public keys, which makes a CID of a peer id (libp2p/specs, peer-ids/peer-ids.md).</summary>
    public const ulong PeerIdCodec = 0x72;

    /// <summary>The codec that every version 0 CID has.</summary>
    public const ulong DagPbCodec = 0x70;

    /// <summary>The longest binary form taken, in bytes.</summary>
    public const int MaxSize = 1 + Varint.MaxLength + Multihash.MaxSize;

    private const int Version0Size = 34;

    /// <summary>Makes a version 1 CID.</summary>
    public Cid(ulong codec, Multihash hash)
        : this(1, codec, hash)
    {
    }

    private Cid(int version, ulong codec, Multihash hash)
    {
        Version = version;
        Codec = codec;
        Hash = hash;
    }

    /// <summary>0 or 1.</summary>
    public int Version { get; }

    /// <summary>How the content is to be read, by its number in the table of codecs (github.com/multiformats/multicodec).</summary>
    public ulong Codec { get; }

    /// <summary>The hash of the content, which is its key in a DHT.</summary>
    public Multihash Hash { get; }

    /// <summary>Decodes the binary form, which must take all of <paramref name="bytes"/>.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Cid? cid)
    {
        cid = null;
        Multihash? hash;
        if (bytes.Length == Version0Size && bytes[0] == (byte)MultihashCode.Sha256)
        {
            if (Multihash.TryDecode(bytes, out hash))
                cid = new Cid(0, DagPbCodec, hash);
            return cid is not null;
        }
        if (bytes.Length is 0 or > MaxSize || bytes[0] != 1)
            return false;
        if (Varint.Read(bytes[1..], out ulong codec, out int consumed) == VarintStatus.Done
            && Multihash.TryDecode(bytes[(1 + consumed)..], out hash))
            cid = new Cid(codec, hash);
        return cid is not null;
    }

    /// <summary>Reads "Qm…" of version 0, or version 1 with its base's letter in front (base32, base16, base58btc, base64url).</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Cid? cid)
    {
        cid = null;
        if (text is null)
            return false;
        bool bare = text.StartsWith("Qm", StringComparison.Ordinal);
        if (!(bare ? Multibase.TryDecodeBase58(text, out byte[]? bytes) : Multibase.TryDecode(text, out bytes)))
            return false;
        return TryDecode(bytes, out cid) && bare == (cid.Version == 0);
    }

    /// <exception cref="FormatException">Not a CID.</exception>
    public static Cid Parse(string text) => TryParse(text, out Cid? cid) ? cid : throw new FormatException($"'{text}' is not a CID");

    /// <summary>The binary form.</summary>
    public byte[] ToBytes()
    {
        if (Version == 0)
            return Hash.Bytes.ToArray();
        Span<byte> codec = stackalloc byte[Varint.MaxLength];
        codec = codec[..Varint.Write(codec, Codec)];
        return [1, .. codec, .. Hash.Bytes];
    }

    public bool Equals(Cid? other) => other is not null && Version == other.Version && Codec == other.Codec && Hash.Equals(other.Hash);

    public override bool Equals(object? obj) => Equals(obj as Cid);

    public override int GetHashCode() => HashCode.Combine(Version, Codec, Hash);

    /// <summary>Base58btc for version 0, base32 for version 1.</summary>
    public override string ToString() =>
        Version == 0 ? Multibase.EncodeBase58(Hash.Bytes) : "b" + Multibase.EncodeBase32(ToBytes());
}
