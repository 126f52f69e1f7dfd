using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.Identity;

/// <summary>
/// A libp2p peer id: the multihash of the protobuf-encoded public key. Keys of up to 42 bytes, Ed25519's among them,
/// stand in it as they are, under the identity multihash (libp2p/specs, peer-ids/peer-ids.md, "Peer IDs").
/// Ordered by bytes.
/// </summary>
public sealed class PeerId : IEquatable<PeerId>, IComparable<PeerId>
{
    /// <summary>The longest id in bytes: an inlined key of 42 bytes.</summary>
    public const int MaxSize = 2 + MaxInlinedKeySize;

    /// <summary>Keys of up to so many encoded bytes are their own hash.</summary>
    internal const int MaxInlinedKeySize = 42;

    private readonly byte[] _multihash;
    private readonly int _hashCode;
    private string? _text;
    private byte[]? _dhtKey;

    private PeerId(byte[] multihash)
    {
        _multihash = multihash;
        HashCode code = new();
        code.AddBytes(multihash);
        _hashCode = code.ToHashCode();
    }

    /// <summary>The multihash: 38 bytes for an Ed25519 key.</summary>
    public ReadOnlySpan<byte> Bytes => _multihash;

    /// <summary>The place in a Kademlia DHT: SHA-256 of the id, 32 bytes (libp2p/specs, kad-dht/README.md, "Kademlia Keyspace").</summary>
    public ReadOnlySpan<byte> DhtKey => _dhtKey ??= SHA256.HashData(_multihash);

    /// <param name="publicKey">32 bytes.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public static PeerId FromEd25519(ReadOnlySpan<byte> publicKey) => PublicKey.FromEd25519(publicKey).ToPeerId();

    /// <summary>The id of a key in its deterministic protobuf encoding.</summary>
    internal static PeerId FromEncodedKey(ReadOnlySpan<byte> encodedKey) => new(
        encodedKey.Length <= MaxInlinedKeySize
            ? [(byte)MultihashCode.Identity, (byte)encodedKey.Length, .. encodedKey]
            : [(byte)MultihashCode.Sha256, SHA256.HashSizeInBytes, .. SHA256.HashData(encodedKey)]);

    /// <summary>True if <see cref="TryDecode"/> would take the bytes; allocates nothing.</summary>
    internal static bool IsWellFormed(ReadOnlySpan<byte> multihash) =>
        multihash.Length is > 2 and <= MaxSize && multihash[1] == multihash.Length - 2 && multihash[0] switch
        {
            (byte)MultihashCode.Identity => PublicKey.IsWellFormed(multihash[2..]),
            (byte)MultihashCode.Sha256 => multihash[1] == SHA256.HashSizeInBytes,
            _ => false,
        };

    /// <summary>
    /// Decodes a multihash from the network; false if it is not one that a peer id can be: SHA-256, or the identity of an encoded key.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<byte> multihash, [NotNullWhen(true)] out PeerId? peer)
    {
        peer = IsWellFormed(multihash) ? new PeerId(multihash.ToArray()) : null;
        return peer is not null;
    }

    /// <summary>Reads either text form: base58btc of the multihash, or a CIDv1 of codec libp2p-key in any base known here.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out PeerId? peer)
    {
        peer = null;
        if (string.IsNullOrEmpty(text) || text.Length > Multibase.MaxTextLength)
            return false;
        // Base58 of an identity multihash begins with 1 and of a SHA-256 one with Qm; no letter of a base does.
        if (text[0] == '1' || text.StartsWith("Qm", StringComparison.Ordinal))
            return Multibase.TryDecodeBase58(text, out byte[]? bytes) && TryDecode(bytes, out peer);
        return Cid.TryParse(text, out Cid? cid) && cid.Codec == Cid.PeerIdCodec && TryDecode(cid.Hash.Bytes, out peer);
    }

    /// <exception cref="FormatException">Not a peer id.</exception>
    public static PeerId Parse(string text) =>
        TryParse(text, out PeerId? peer) ? peer : throw new FormatException($"'{text}' is not a peer id");

    /// <summary>The CIDv1 text form, "bafz…".</summary>
    public string ToCidString() => new Cid(Cid.PeerIdCodec, Multihash.FromTrusted(_multihash)).ToString();

    public int CompareTo(PeerId? other) => other is null ? 1 : Bytes.SequenceCompareTo(other.Bytes);

    public bool Equals(PeerId? other) =>
        ReferenceEquals(this, other) || (other is not null && _hashCode == other._hashCode && Bytes.SequenceEqual(other.Bytes));

    public override bool Equals(object? obj) => Equals(obj as PeerId);

    public override int GetHashCode() => _hashCode;

    public static bool operator ==(PeerId? left, PeerId? right) => left is null ? right is null : left.Equals(right);

    public static bool operator !=(PeerId? left, PeerId? right) => !(left == right);

    public static bool operator <(PeerId? left, PeerId? right) => Comparer<PeerId>.Default.Compare(left, right) < 0;

    public static bool operator <=(PeerId? left, PeerId? right) => Comparer<PeerId>.Default.Compare(left, right) <= 0;

    public static bool operator >(PeerId? left, PeerId? right) => right < left;

    public static bool operator >=(PeerId? left, PeerId? right) => right <= left;

    /// <summary>The text form in base58btc, "12D3KooW…" for Ed25519.</summary>
    public override string ToString() => _text ??= Multibase.EncodeBase58(_multihash);
}
