using System.Security.Cryptography;
using P2PMiner.P2P.Interop;

namespace P2PMiner.P2P.Identity;

/// <summary>An Ed25519 key pair (RFC 8032), made by libsodium.</summary>
public sealed class Ed25519KeyPair
{
    /// <summary>Length of a public key in bytes.</summary>
    public const int PublicKeySize = Sodium.PublicKeyBytes;

    /// <summary>Length of a private key in bytes: seed, then public key.</summary>
    public const int PrivateKeySize = Sodium.SecretKeyBytes;

    /// <summary>Length of a seed in bytes.</summary>
    public const int SeedSize = PrivateKeySize - PublicKeySize;

    private readonly byte[] _publicKey = new byte[PublicKeySize];
    private readonly byte[] _privateKey = new byte[PrivateKeySize];

    private Ed25519KeyPair() => Sodium.Initialise();

    public ReadOnlySpan<byte> PublicKey => _publicKey;

    public ReadOnlySpan<byte> PrivateKey => _privateKey;

    /// <summary>The public half as peers see it.</summary>
    public PublicKey ToPublicKey() => Identity.PublicKey.FromEd25519(_publicKey);

    /// <summary>Signs a message: 64 bytes, deterministic.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        byte[] signature = new byte[Sodium.SignatureBytes];
        if (Sodium.crypto_sign_ed25519_detached(signature, 0, message, (ulong)message.Length, _privateKey) != 0)
            throw new CryptographicException("libsodium did not sign");
        return signature;
    }

    public static Ed25519KeyPair Generate()
    {
        Ed25519KeyPair pair = new();
        if (Sodium.crypto_sign_ed25519_keypair(pair._publicKey, pair._privateKey) != 0)
            throw new CryptographicException("libsodium did not make a key pair");
        return pair;
    }

    /// <param name="seed">32 secret bytes; equal seeds give equal keys.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public static Ed25519KeyPair FromSeed(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != SeedSize)
            throw new ArgumentException($"an Ed25519 seed has {SeedSize} bytes", nameof(seed));
        Ed25519KeyPair pair = new();
        if (Sodium.crypto_sign_ed25519_seed_keypair(pair._publicKey, pair._privateKey, seed) != 0)
            throw new CryptographicException("libsodium did not make a key pair");
        return pair;
    }
}
