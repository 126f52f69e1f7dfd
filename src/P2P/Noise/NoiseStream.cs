using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Noise;

/// <summary>
/// The encrypted channel after a handshake (libp2p/specs, noise/README.md, "Encryption and I/O"). Only the asynchronous members work;
/// one reader and one writer at a time. After any exception, and after a cancelled call, it can only be disposed.
/// </summary>
/// <remarks>A read of no bytes waits until there is something to read. Nothing is allocated per frame.</remarks>
internal sealed class NoiseStream : AsyncStream
{
    /// <summary>What one frame carries at most.</summary>
    internal const int MaxPlaintext = HandshakeState.MaxMessage - CipherState.TagSize;

    /// <summary>Several frames go to the raw stream in one write, up to so many bytes with all headers and tags.</summary>
    internal const int MaxWrite = 256 * 1024;

    /// <summary>Frames without content are legal, but so many in a row serve nothing but to keep us busy.</summary>
    internal const int MaxEmptyFrames = 1000;

    private const int FrameOverhead = NoiseFrameReader.HeaderSize + CipherState.TagSize;

    private const int MaxPlaintextPerWrite = MaxWrite - ((MaxWrite + MaxPlaintext - 1) / MaxPlaintext * FrameOverhead);

    private readonly Stream _raw;
    private readonly NoiseFrameReader _frames;
    private readonly CipherState _send;
    private readonly CipherState _receive;
    private Memory<byte> _plaintext;
    private int _emptyFrames;
    private bool _ended;
    private bool _writeBroken;
    private int _disposed;

    /// <param name="raw">Owned from here on.</param>
    /// <param name="frames">Reads from <paramref name="raw"/>; may hold bytes that came right after the handshake.</param>
    /// <param name="send">Owned from here on.</param>
    /// <param name="receive">Owned from here on.</param>
    internal NoiseStream(Stream raw, NoiseFrameReader frames, CipherState send, CipherState receive)
    {
        _raw = raw;
        _frames = frames;
        _send = send;
        _receive = receive;
    }

    /// <exception cref="NoiseException">The remote sent what it did not encrypt, or a flood of empty frames.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = ReadBuffered(buffer.Span);
        return count > 0 || IsReadable || _ended ? new ValueTask<int>(count) : ReadSlowAsync(buffer, cancellationToken);
    }

    /// <exception cref="NoiseException">The message counter is used up.</exception>
    /// <exception cref="IOException">The connection broke, or a former write failed.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_writeBroken)
            throw new IOException("an earlier write failed");
        while (buffer.Length > 0)
        {
            ReadOnlyMemory<byte> part = buffer[..Math.Min(buffer.Length, MaxPlaintextPerWrite)];
            // Until the part is out: a frame that was sent in part, or a counter that was used, cannot be taken back.
            _writeBroken = true;
            byte[] frames = ArrayPool<byte>.Shared.Rent(EncodedLength(part.Length));
            try
            {
                int length = Encode(part.Span, frames);
                await _raw.WriteAsync(frames.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(frames);
            }
            _writeBroken = false;
            buffer = buffer[part.Length..];
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _raw.DisposeAsync().ConfigureAwait(false);
        _send.Dispose();
        _receive.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _raw.Dispose();
            _send.Dispose();
            _receive.Dispose();
        }
        base.Dispose(disposing);
    }

    private bool HasPlaintext => _plaintext.Length > 0;

    private bool IsReadable => HasPlaintext || (_frames.HasFrame && _frames.FrameLength > CipherState.TagSize);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadSlowAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (await _frames.FillAsync(cancellation).ConfigureAwait(false))
        {
            int count = ReadBuffered(buffer.Span);
            if (count > 0 || IsReadable)
                return count;
        }
        _ended = true;
        return 0;
    }

    /// <summary>Reads what is here; leaves something readable while it returns 0 only if <paramref name="destination"/> is empty.</summary>
    private int ReadBuffered(Span<byte> destination)
    {
        int count = ReadPlaintext(destination);
        while (!HasPlaintext && _frames.HasFrame)
        {
            int length = Math.Max(0, _frames.FrameLength - CipherState.TagSize);
            // A frame that does not fit waits for the next call, unless nothing else is to be had.
            if (length > destination.Length - count && (count > 0 || destination.IsEmpty))
                break;
            if (length <= destination.Length - count)
            {
                count += Decrypt(destination[count..]);
                continue;
            }
            Memory<byte> body = _frames.Take();
            _receive.Decrypt([], body.Span, body.Span);
            _plaintext = body[..length];
            count = ReadPlaintext(destination);
        }
        return count;
    }

    private int ReadPlaintext(Span<byte> destination)
    {
        int count = Math.Min(_plaintext.Length, destination.Length);
        _plaintext.Span[..count].CopyTo(destination);
        _plaintext = _plaintext[count..];
        return count;
    }

    private int Decrypt(Span<byte> destination)
    {
        ReadOnlySpan<byte> body = _frames.Take().Span;
        int length = body.Length - CipherState.TagSize;
        if (length > 0)
        {
            _receive.Decrypt([], body, destination);
            _emptyFrames = 0;
            return length;
        }
        if (++_emptyFrames > MaxEmptyFrames)
            throw new NoiseException("the remote sends nothing but empty frames");
        // Frames that are empty altogether are not Noise messages, but js-libp2p ignores them as well.
        if (body.Length > 0)
            _receive.Decrypt([], body, destination);
        return 0;
    }

    private static int EncodedLength(int plaintext) => plaintext + ((plaintext + MaxPlaintext - 1) / MaxPlaintext * FrameOverhead);

    private int Encode(ReadOnlySpan<byte> plaintext, Span<byte> frames)
    {
        int length = 0;
        while (plaintext.Length > 0)
        {
            int take = Math.Min(plaintext.Length, MaxPlaintext);
            int body = take + CipherState.TagSize;
            BinaryPrimitives.WriteUInt16BigEndian(frames[length..], (ushort)body);
            _send.Encrypt([], plaintext[..take], frames.Slice(length + NoiseFrameReader.HeaderSize, body));
            length += NoiseFrameReader.HeaderSize + body;
            plaintext = plaintext[take..];
        }
        return length;
    }
}
