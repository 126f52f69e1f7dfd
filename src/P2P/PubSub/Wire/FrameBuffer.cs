using System.Buffers;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>
/// Cuts a stream into RPCs: varint length, then that many bytes. The buffer grows only as bytes arrive, never on the word of a length, and
/// a stream that is quiet holds no more than <see cref="IdleSize"/>.
/// </summary>
internal sealed class FrameBuffer(int maxFrameSize) : IDisposable
{
    /// <summary>Bytes held while nothing comes: room for a few control messages, so that quiet peers cost little.</summary>
    internal const int IdleSize = 1024;

    /// <summary>Bytes held when there is more to read than fits into the small buffer.</summary>
    internal const int BusySize = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(IdleSize);
    private int _start;
    private int _end;

    /// <summary>True if bytes are here that were not taken: after the last whole frame, the beginning of another one.</summary>
    internal bool HasMore => _end > _start;

    /// <summary>Room for the next read; never empty.</summary>
    internal Memory<byte> Free
    {
        get
        {
            MakeRoom();
            return _buffer.AsMemory(_end);
        }
    }

    /// <summary>Takes note of what was read into <see cref="Free"/>.</summary>
    internal void Advance(int count) => _end += count;

    /// <summary>Takes the next whole frame out; it is valid until the next call of any member.</summary>
    internal FrameStatus Take(out ReadOnlySpan<byte> frame)
    {
        frame = default;
        ReadOnlySpan<byte> available = _buffer.AsSpan(_start, _end - _start);
        VarintStatus status = Varint.Read(available, out ulong length, out int consumed);
        if (status == VarintStatus.Invalid)
            return FrameStatus.BadLength;
        if (status == VarintStatus.Incomplete)
            return FrameStatus.Incomplete;
        if (length > (ulong)maxFrameSize)
            return FrameStatus.TooLong;
        if ((ulong)(available.Length - consumed) < length)
            return FrameStatus.Incomplete;
        frame = available.Slice(consumed, (int)length);
        _start += consumed + (int)length;
        return FrameStatus.Done;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
    }

    private void MakeRoom()
    {
        int held = _end - _start;
        if (held == 0 && _buffer.Length > IdleSize)
            MoveTo(ArrayPool<byte>.Shared.Rent(IdleSize), held);
        else if (_end == _buffer.Length && held > _buffer.Length / 2)
            MoveTo(ArrayPool<byte>.Shared.Rent(Math.Max(BusySize, 2 * held)), held);
        else if (held == 0 || _end == _buffer.Length)
            MoveTo(_buffer, held);
    }

    private void MoveTo(byte[] buffer, int held)
    {
        _buffer.AsSpan(_start, held).CopyTo(buffer);
        if (buffer != _buffer)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = buffer;
        _start = 0;
        _end = held;
    }
}
