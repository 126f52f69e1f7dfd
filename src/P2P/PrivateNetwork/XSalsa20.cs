using P2PMiner.P2P.Interop;

namespace P2PMiner.P2P.PrivateNetwork;

/// <summary>
/// The XSalsa20 stream cipher (D. J. Bernstein, "Extending the Salsa20 nonce", 2011) with a position: data may come in pieces of any
/// size. It is Salsa20 under a key that HSalsa20 makes of the key and the first 16 bytes of the nonce. Not for concurrent use.
/// </summary>
internal sealed class XSalsa20
{
    internal const int KeySize = Sodium.SalsaKeyBytes;

    internal const int NonceSize = Sodium.HSalsaInputBytes + Sodium.SalsaNonceBytes;

    private readonly byte[] _key = new byte[Sodium.SalsaKeyBytes];
    private readonly byte[] _nonce;

    // Key stream of the block before _nextBlock, of which the bytes from _used on are still to be used.
    private readonly byte[] _block = new byte[Sodium.SalsaBlockBytes];
    private int _used = Sodium.SalsaBlockBytes;
    private ulong _nextBlock;

    /// <param name="key">32 bytes.</param>
    /// <param name="nonce">24 bytes, never used twice with one key.</param>
    internal XSalsa20(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize, nameof(key));
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSize, nameof(nonce));
        Sodium.Initialise();
        _ = Sodium.crypto_core_hsalsa20(_key, nonce, key, 0);
        _nonce = nonce[Sodium.HSalsaInputBytes..].ToArray();
    }

    /// <summary>Enciphers or deciphers the next bytes; both spans may be the same memory.</summary>
    internal void Transform(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int taken = UseBlock(source, destination);
        source = source[taken..];
        destination = destination[taken..];
        int whole = source.Length - source.Length % Sodium.SalsaBlockBytes;
        if (whole > 0)
        {
            _ = Sodium.crypto_stream_salsa20_xor_ic(destination, source, (ulong)whole, _nonce, _nextBlock, _key);
            _nextBlock += (ulong)(whole / Sodium.SalsaBlockBytes);
        }
        if (whole == source.Length)
            return;
        Array.Clear(_block);
        _ = Sodium.crypto_stream_salsa20_xor_ic(_block, _block, Sodium.SalsaBlockBytes, _nonce, _nextBlock++, _key);
        _used = 0;
        _ = UseBlock(source[whole..], destination[whole..]);
    }

    /// <summary>Uses what is left of the block, and returns how many bytes that made.</summary>
    private int UseBlock(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int count = Math.Min(source.Length, _block.Length - _used);
        for (int i = 0; i < count; i++)
            destination[i] = (byte)(source[i] ^ _block[_used + i]);
        _used += count;
        return count;
    }
}
