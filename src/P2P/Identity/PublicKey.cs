using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Interop;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.Identity;

/// <summary>
/// A peer's public key of any kind (libp2p/specs, peer-ids/peer-ids.md, "Keys"). Ed25519 is verified by libsodium, the others by the
/// framework; where that carries no secp256k1, such keys are refused.
/// </summary>
public sealed class PublicKey : IEquatable<PublicKey>
{
    /// <summary>The longest encoding taken, in bytes: an RSA key of 8192 bits.</summary>
    public const int MaxEncodedSize = HeaderMaxSize + RsaKeys.MaxDataSize;

    // Two tags, the type, and a length of up to two bytes.
    private const int HeaderMaxSize = 5;

    // PublicKey { Type = Ed25519 (1); Data = 32 bytes } in deterministic protobuf.
    private static ReadOnlySpan<byte> Ed25519Header => [0x08, 0x01, 0x12, Sodium.PublicKeyBytes];

    private readonly byte[] _encoded;
    private readonly int _headerSize;
    private PeerId? _peer;

    private PublicKey(KeyType type, byte[] encoded, int headerSize)
    {
        Type = type;
        _encoded = encoded;
        _headerSize = headerSize;
    }

    public KeyType Type { get; }

    /// <summary>The deterministic protobuf encoding; 36 bytes for Ed25519.</summary>
    public ReadOnlySpan<byte> Encoded => _encoded;

    /// <summary>The key itself as its kind is written: 32 bytes for Ed25519, 33 for secp256k1, else a SubjectPublicKeyInfo in DER.</summary>
    public ReadOnlySpan<byte> Data => _encoded.AsSpan(_headerSize);

    /// <param name="publicKey">32 bytes.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public static PublicKey FromEd25519(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != Ed25519KeyPair.PublicKeySize)
            throw new ArgumentException($"an Ed25519 public key has {Ed25519KeyPair.PublicKeySize} bytes", nameof(publicKey));
        return new PublicKey(KeyType.Ed25519, [.. Ed25519Header, .. publicKey], Ed25519Header.Length);
    }

    /// <summary>Decodes the protobuf encoding of a key from the network.</summary>
    /// <returns>False if it is malformed, not deterministic, too large, too weak, or of a kind that cannot be verified here.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out PublicKey? key)
    {
        key = null;
        if (!TryReadHeader(encoded, out KeyType type, out int headerSize) || !HasFormOf(type, encoded[headerSize..]))
            return false;
        bool usable = type switch
        {
            KeyType.Rsa => RsaKeys.IsUsable(encoded[headerSize..]),
            KeyType.Ecdsa => EcKeys.IsUsable(encoded[headerSize..]),
            KeyType.Secp256k1 => Secp256k1Keys.IsUsable(encoded[headerSize..]),
            _ => true,
        };
        if (usable)
            key = new PublicKey(type, encoded.ToArray(), headerSize);
        return usable;
    }

    /// <summary>The peer that this key belongs to.</summary>
    public PeerId ToPeerId() => _peer ??= PeerId.FromEncodedKey(_encoded);

    /// <summary>True if <paramref name="signature"/> over <paramref name="message"/> is this key's.</summary>
    /// <remarks>
    /// Ed25519 as of RFC 8032; RSA as PKCS #1 v1.5 over SHA-256; ECDSA and secp256k1 as DER over SHA-256
    /// (libp2p/specs, peer-ids/peer-ids.md, "Key Types").
    /// </remarks>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => Type switch
    {
        KeyType.Ed25519 => VerifyEd25519(message, signature),
        KeyType.Rsa => RsaKeys.Verify(Data, message, signature),
        KeyType.Ecdsa => EcKeys.Verify(Data, message, signature),
        KeyType.Secp256k1 => Secp256k1Keys.Verify(Data, message, signature),
        _ => false,
    };

    public bool Equals(PublicKey? other) => other is not null && Encoded.SequenceEqual(other.Encoded);

    public override bool Equals(object? obj) => Equals(obj as PublicKey);

    public override int GetHashCode() => ToPeerId().GetHashCode();

    /// <summary>True if the bytes have the form of a key; cheap, says nothing of whether it lies on its curve.</summary>
    internal static bool IsWellFormed(ReadOnlySpan<byte> encoded) =>
        TryReadHeader(encoded, out KeyType type, out int headerSize) && HasFormOf(type, encoded[headerSize..]);

    private static bool TryReadHeader(ReadOnlySpan<byte> encoded, out KeyType type, out int headerSize)
    {
        type = default;
        headerSize = 0;
        if (encoded.Length is < 4 or > MaxEncodedSize || encoded[0] != 0x08 || encoded[1] > (byte)KeyType.Ecdsa || encoded[2] != 0x12)
            return false;
        type = (KeyType)encoded[1];
        if (Varint.Read(encoded[3..], out ulong length, out int consumed) != VarintStatus.Done)
            return false;
        headerSize = 3 + consumed;
        return length == (ulong)(encoded.Length - headerSize);
    }

    private static bool HasFormOf(KeyType type, ReadOnlySpan<byte> data) => type switch
    {
        KeyType.Ed25519 => data.Length == Ed25519KeyPair.PublicKeySize,
        KeyType.Rsa => data.Length is >= RsaKeys.MinDataSize and <= RsaKeys.MaxDataSize,
        KeyType.Ecdsa => EcKeys.HasForm(data),
        KeyType.Secp256k1 => Secp256k1Keys.HasForm(data),
        _ => false,
    };

    private bool VerifyEd25519(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Sodium.Initialise();
        return signature.Length == Sodium.SignatureBytes
            && Sodium.crypto_sign_ed25519_verify_detached(signature, message, (ulong)message.Length, Data) == 0;
    }
}
