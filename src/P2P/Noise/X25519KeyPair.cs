using System.Security.Cryptography;
using P2PMiner.P2P.Interop;

namespace P2PMiner.P2P.Noise;

/// <summary>A key pair for Diffie-Hellman on Curve25519 (RFC 7748), calculated by libsodium.</summary>
internal sealed class X25519KeyPair : IDisposable
{
    /// <summary>Length in bytes of a private key, a public key and a shared secret.</summary>
    internal const int Size = Sodium.ScalarMultBytes;

    private readonly byte[] _private = new byte[Size];
    private readonly byte[] _public = new byte[Size];

    private X25519KeyPair(ReadOnlySpan<byte> privateKey)
    {
        Sodium.Initialise();
        privateKey.CopyTo(_private);
        if (Sodium.crypto_scalarmult_curve25519_base(_public, _private) != 0)
            throw new CryptographicException("libsodium did not make a public key");
    }

    internal ReadOnlySpan<byte> PublicKey => _public;

    internal static X25519KeyPair Generate()
    {
        Span<byte> secret = stackalloc byte[Size];
        RandomNumberGenerator.Fill(secret);
        X25519KeyPair pair = new(secret);
        CryptographicOperations.ZeroMemory(secret);
        return pair;
    }

    /// <param name="privateKey">32 secret bytes.</param>
    internal static X25519KeyPair FromPrivate(ReadOnlySpan<byte> privateKey) => new(privateKey);

    /// <summary>Writes the secret shared with the owner of <paramref name="remote"/>, both of 32 bytes.</summary>
    /// <exception cref="NoiseException">The point is of low order: the result would not depend on our key.</exception>
    internal void Agree(ReadOnlySpan<byte> remote, Span<byte> shared)
    {
        if (Sodium.crypto_scalarmult_curve25519(shared, _private, remote) != 0)
            throw new NoiseException("the remote sent a public key of low order");
    }

    /// <summary>Forgets the private key.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(_private);
}
