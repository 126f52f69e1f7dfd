using System.Diagnostics.CodeAnalysis;
using SimpleBase;

namespace P2PMiner.P2P.Identity;

/// <summary>
/// A libp2p peer id: the multihash of the protobuf-encoded public key. Keys of up to 42 bytes, Ed25519's among them,
/// stand in it as they are, under the identity multihash (libp2p/specs, peer-ids/peer-ids.md, "Peer IDs").
/// </summary>
public sealed class PeerId : IEquatable<PeerId>
{
    // PublicKey { Type = Ed25519 (1); Data = 32 bytes } in deterministic protobuf.
    private static ReadOnlySpan<byte> Ed25519KeyPrefix => [0x08, 0x01, 0x12, 0x20];

    private const byte IdentityMultihash = 0x00;

    private readonly byte[] _multihash;

    private PeerId(byte[] multihash) => _multihash = multihash;

    /// <summary>The multihash: 38 bytes for an Ed25519 key.</summary>
    public ReadOnlySpan<byte> Bytes => _multihash;

    /// <param name="publicKey">32 bytes.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public static PeerId FromEd25519(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != Ed25519KeyPair.PublicKeySize)
            throw new ArgumentException($"an Ed25519 public key has {Ed25519KeyPair.PublicKeySize} bytes", nameof(publicKey));
        byte keyLength = (byte)(Ed25519KeyPrefix.Length + publicKey.Length);
        return new PeerId([IdentityMultihash, keyLength, .. Ed25519KeyPrefix, .. publicKey]);
    }

    /// <summary>Decodes a multihash from the network; false if it is not one that a peer id can be.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> multihash, [NotNullWhen(true)] out PeerId? peer)
    {
        peer = multihash.Length is > 2 and <= 64 ? new PeerId(multihash.ToArray()) : null;
        return peer is not null;
    }

    /// <summary>Reads either text form: base58btc of the multihash, or a CIDv1 of codec libp2p-key.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out PeerId? peer)
    {
        peer = text is null ? null : new PeerId(Base58.Bitcoin.Decode(text));
        return peer is not null;
    }

    public bool Equals(PeerId? other) => other is not null && _multihash.AsSpan().SequenceEqual(other._multihash);

    public override bool Equals(object? obj) => Equals(obj as PeerId);

    public override int GetHashCode()
    {
        HashCode code = new();
        code.AddBytes(_multihash);
        return code.ToHashCode();
    }

    /// <summary>The text form in base58btc, "12D3KooW…" for Ed25519.</summary>
    public override string ToString() => Base58.Bitcoin.Encode(_multihash);
}
