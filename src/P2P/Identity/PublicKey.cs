using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Interop;

namespace P2PMiner.P2P.Identity;

/// <summary>A peer's public key of any kind (libp2p/specs, peer-ids/peer-ids.md, "Keys").</summary>
public sealed class PublicKey
{
    private readonly byte[] _encoded;
    private readonly byte[] _data;

    private PublicKey(KeyType type, byte[] encoded, byte[] data)
    {
        Type = type;
        _encoded = encoded;
        _data = data;
    }

    public KeyType Type { get; }

    /// <summary>The deterministic protobuf encoding; 36 bytes for Ed25519.</summary>
    public ReadOnlySpan<byte> Encoded => _encoded;

    /// <param name="publicKey">32 bytes.</param>
    public static PublicKey FromEd25519(ReadOnlySpan<byte> publicKey) =>
        new(KeyType.Ed25519, [0x08, 0x01, 0x12, 0x20, .. publicKey], publicKey.ToArray());

    /// <summary>Decodes the protobuf encoding of a key from the network.</summary>
    /// <returns>False if it is malformed, not deterministic, or of a kind that cannot be verified here.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out PublicKey? key)
    {
        key = encoded.Length == 36 && encoded.StartsWith((ReadOnlySpan<byte>)[0x08, 0x01, 0x12, 0x20])
            ? FromEd25519(encoded[4..])
            : null;
        return key is not null;
    }

    /// <summary>The peer that this key belongs to.</summary>
    public PeerId ToPeerId() => PeerId.FromEd25519(_data);

    /// <summary>True if <paramref name="signature"/> over <paramref name="message"/> is this key's.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        signature.Length == Sodium.SignatureBytes
        && Sodium.crypto_sign_ed25519_verify_detached(signature, message, (ulong)message.Length, _data) == 0;
}
