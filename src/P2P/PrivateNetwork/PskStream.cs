using System.Buffers;
using System.Security.Cryptography;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.PrivateNetwork;

/// <summary>
/// A connection of a private network (libp2p/specs, pnet/Private-Networks-PSK-V1.md): each side sends a random nonce of 24 bytes and then
/// everything under XSalsa20 with the common key. Only the asynchronous members work. One reader and one writer at a time.
/// </summary>
/// <remarks>
/// The cipher authenticates nothing, and a wrong key shows only as garbage in the protocol above, which ends the connection. A write that
/// is cancelled leaves the stream of no more use.
/// </remarks>
internal sealed class PskStream : AsyncStream
{
    // Enciphered apart, since what a caller hands over must not change.
    private const int ChunkSize = 64 * 1024;

    private readonly Stream _inner;
    private readonly PreSharedKey _key;
    private readonly XSalsa20 _outgoing;
    private XSalsa20? _incoming;

    private PskStream(Stream inner, PreSharedKey key, ReadOnlySpan<byte> nonce)
    {
        _inner = inner;
        _key = key;
        _outgoing = new XSalsa20(key.Bytes, nonce);
    }

    /// <summary>Sends our nonce; that of the remote is read with the first data, so that neither side waits for the other.</summary>
    /// <param name="inner">The raw connection, which is disposed with this stream.</param>
    /// <param name="key">The key of the network.</param>
    /// <param name="cancellation">Ends waiting.</param>
    /// <exception cref="IOException">The connection failed.</exception>
    internal static async ValueTask<PskStream> OpenAsync(Stream inner, PreSharedKey key, CancellationToken cancellation)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(XSalsa20.NonceSize);
        await inner.WriteAsync(nonce, cancellation).ConfigureAwait(false);
        return new PskStream(inner, key, nonce);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _incoming ??= await ReadNonceAsync(cancellationToken).ConfigureAwait(false);
        int count = await _inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _incoming.Transform(buffer.Span[..count], buffer.Span);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        byte[] chunk = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length, ChunkSize));
        try
        {
            while (!buffer.IsEmpty)
            {
                int size = Math.Min(buffer.Length, ChunkSize);
                _outgoing.Transform(buffer.Span[..size], chunk);
                await _inner.WriteAsync(chunk.AsMemory(0, size), cancellationToken).ConfigureAwait(false);
                buffer = buffer[size..];
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _inner.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<XSalsa20> ReadNonceAsync(CancellationToken cancellation)
    {
        byte[] nonce = new byte[XSalsa20.NonceSize];
        await _inner.ReadExactlyAsync(nonce, cancellation).ConfigureAwait(false);
        return new XSalsa20(_key.Bytes, nonce);
    }
}
