using System.Buffers;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.Dht.Messaging;

/// <summary>
/// Takes messages off a stream, each behind its length as a varint (libp2p/specs, kad-dht/README.md, "RPC messages"). The buffer grows with
/// what has come, never on the word of a length.
/// </summary>
/// <param name="stream">Where they come from.</param>
/// <param name="maxSize">Largest message.</param>
/// <param name="largePlaces">
/// How many messages may grow beyond <see cref="WireLimits.UsualResponseSize"/> at a time; null if there are no such. A place is taken when
/// that much has come, and given back when the reader is disposed.
/// </param>
internal sealed class MessageReader(Stream stream, int maxSize, SemaphoreSlim? largePlaces = null) : IDisposable
{
    private const int FirstBufferSize = 2048;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private bool _hasPlace;

    /// <summary>True if bytes came after the last message.</summary>
    internal bool HasMore => _start < _end;

    /// <summary>The next message, or null if the remote closed its side between messages.</summary>
    /// <exception cref="InvalidDataException">What came is no message, or too large, or incomplete.</exception>
    /// <exception cref="IOException">The stream broke.</exception>
    internal async ValueTask<DhtMessage?> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (TryTake(out DhtMessage? message))
                return message;
            if (_end - _start >= WireLimits.UsualResponseSize && !_hasPlace && largePlaces is not null)
            {
                await largePlaces.WaitAsync(cancellation).ConfigureAwait(false);
                _hasPlace = true;
            }
            MakeRoom();
            int count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation).ConfigureAwait(false);
            if (count == 0)
                return HasMore ? throw new InvalidDataException("the stream ends within a message") : null;
            _end += count;
        }
    }

    public void Dispose()
    {
        ReturnBuffer();
        if (_hasPlace)
            largePlaces?.Release();
        _hasPlace = false;
    }

    private void ReturnBuffer()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
    }

    private bool TryTake(out DhtMessage? message)
    {
        message = null;
        ReadOnlySpan<byte> held = _buffer.AsSpan(_start, _end - _start);
        VarintStatus status = Varint.Read(held, out ulong length, out int prefix);
        if (status == VarintStatus.Incomplete)
            return false;
        if (status == VarintStatus.Invalid || length > (ulong)maxSize)
            throw new InvalidDataException($"a message of {length} bytes, or with a malformed length");
        if (held.Length - prefix < (int)length)
            return false;
        if (!DhtMessageDecoder.TryDecode(held.Slice(prefix, (int)length), out message))
            throw new InvalidDataException("a malformed message");
        _start += prefix + (int)length;
        if (_start == _end)
            ReturnBuffer();
        return true;
    }

    private void MakeRoom()
    {
        if (_end < _buffer.Length)
            return;
        int held = _end - _start;
        byte[] next = _start > 0 && held <= _buffer.Length / 2 ? _buffer : ArrayPool<byte>.Shared.Rent(Math.Max(FirstBufferSize, 2 * held));
        _buffer.AsSpan(_start, held).CopyTo(next);
        if (next != _buffer)
            ReturnBuffer();
        (_buffer, _start, _end) = (next, 0, held);
    }
}
