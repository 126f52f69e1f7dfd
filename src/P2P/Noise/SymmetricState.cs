using System.Security.Cryptography;

namespace P2PMiner.P2P.Noise;

/// <summary>Chaining key, transcript hash and current cipher of a handshake (Noise Protocol Framework rev. 34, section 5.2).</summary>
internal sealed class SymmetricState : IDisposable
{
    private const int HashSize = SHA256.HashSizeInBytes;

    private readonly byte[] _chainingKey = new byte[HashSize];
    private readonly byte[] _hash = new byte[HashSize];
    private CipherState? _cipher;

    /// <param name="protocolName">At most 32 bytes.</param>
    internal SymmetricState(ReadOnlySpan<byte> protocolName)
    {
        protocolName.CopyTo(_hash);
        _hash.CopyTo(_chainingKey, 0);
    }

    /// <summary>Bytes that <see cref="EncryptAndHash"/> adds: none before the first <see cref="MixKey"/>.</summary>
    internal int Overhead => _cipher is null ? 0 : CipherState.TagSize;

    /// <summary>The transcript hash, which names the session once the handshake is done (section 11.2).</summary>
    internal ReadOnlySpan<byte> Hash => _hash;

    internal void MixHash(ReadOnlySpan<byte> data)
    {
        using IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(_hash);
        sha.AppendData(data);
        sha.GetHashAndReset(_hash);
    }

    internal void MixKey(ReadOnlySpan<byte> input)
    {
        Span<byte> output = stackalloc byte[2 * HashSize];
        Derive(input, output);
        output[..HashSize].CopyTo(_chainingKey);
        _cipher?.Dispose();
        _cipher = new CipherState(output[HashSize..]);
        CryptographicOperations.ZeroMemory(output);
    }

    internal void EncryptAndHash(ReadOnlySpan<byte> plaintext, Span<byte> ciphertext)
    {
        if (_cipher is null)
            plaintext.CopyTo(ciphertext);
        else
            _cipher.Encrypt(_hash, plaintext, ciphertext);
        MixHash(ciphertext[..(plaintext.Length + Overhead)]);
    }

    /// <exception cref="NoiseException">Not what the remote encrypted.</exception>
    internal void DecryptAndHash(ReadOnlySpan<byte> ciphertext, Span<byte> plaintext)
    {
        if (_cipher is null)
            ciphertext.CopyTo(plaintext);
        else
            _cipher.Decrypt(_hash, ciphertext, plaintext);
        MixHash(ciphertext);
    }

    /// <summary>The two ciphers of the transport: the first is for what the initiator sends.</summary>
    internal (CipherState First, CipherState Second) Split()
    {
        Span<byte> output = stackalloc byte[2 * HashSize];
        Derive([], output);
        CipherState first = new(output[..HashSize]);
        CipherState second = new(output[HashSize..]);
        CryptographicOperations.ZeroMemory(output);
        return (first, second);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_chainingKey);
        _cipher?.Dispose();
    }

    // HKDF of section 4.3. The framework's own, the same construction, does not take the empty input of Split.
    private void Derive(ReadOnlySpan<byte> input, Span<byte> output)
    {
        Span<byte> temporary = stackalloc byte[HashSize];
        HMACSHA256.HashData(_chainingKey, input, temporary);
        HMACSHA256.HashData(temporary, [1], output);
        Span<byte> second = stackalloc byte[HashSize + 1];
        output[..HashSize].CopyTo(second);
        second[HashSize] = 2;
        HMACSHA256.HashData(temporary, second, output[HashSize..]);
        CryptographicOperations.ZeroMemory(temporary);
        CryptographicOperations.ZeroMemory(second);
    }
}
