using System.Buffers;

namespace P2PMiner.P2P.Yamux;

/// <summary>
/// Frames that go out together, in one pooled piece of memory. Not thread-safe.
/// <code>
/// +---------------------+----------------------------------------+
/// | control frames      | data, and what must keep its place     |
/// +---------------------+----------------------------------------+
/// 0                ControlRoom                               MaxSize
/// </code>
/// </summary>
/// <remarks>The memory is taken with the first frame, as much as is needed, and given away with <see cref="Take"/>.</remarks>
internal sealed class SendBatch
{
    /// <summary>A little under 128 KiB: with the overhead of two Noise frames it fits a pooled array of that size.</summary>
    internal const int MaxSize = (128 * 1024) - 36;

    /// <summary>Room for the control frames at the front; more of them go where they fall.</summary>
    internal const int ControlRoom = 42 * FrameHeader.Size;

    /// <summary>What a full batch takes of control frames in addition.</summary>
    internal const int MaxControlBacklog = 64 * 1024;

    /// <summary>The longest body of a data frame; go-libp2p sends no longer ones either.</summary>
    internal const int MaxBody = 64 * 1024;

    /// <summary>Less room than this is left unused, rather than cut a body into crumbs.</summary>
    internal const int MinRoom = 1024;

    private const int FirstBuffer = 4096;

    private byte[]? _buffer;
    private int _controlEnd;
    private int _end = ControlRoom;
    private uint _lastSender;
    private int _lastHeader;
    private int _lastLength;

    internal bool IsEmpty => _buffer is null;

    /// <summary>True if it takes a data frame with a body of that length.</summary>
    internal bool HasRoom(int body) => _end + FrameHeader.Size + body <= MaxSize;

    /// <summary>Adds a frame without body before all data, if there is still room for that.</summary>
    /// <returns>False if not even behind the data there is any.</returns>
    internal bool TryAddControl(FrameHeader header)
    {
        if (_controlEnd == ControlRoom)
        {
            if (_end + FrameHeader.Size > MaxSize + MaxControlBacklog)
                return false;
            AddInOrder(header);
            return true;
        }
        EnsureBuffer(FrameHeader.Size);
        header.Write(_buffer.AsSpan(_controlEnd));
        _controlEnd += FrameHeader.Size;
        return true;
    }

    /// <summary>Adds a frame without body behind everything else; there is always room.</summary>
    internal void AddInOrder(FrameHeader header)
    {
        EnsureBuffer(FrameHeader.Size);
        header.Write(_buffer.AsSpan(_end));
        _end += FrameHeader.Size;
        _lastSender = 0;
    }

    /// <summary>Adds as much of some data as there is room for.</summary>
    /// <param name="streamId">Whose data it is.</param>
    /// <param name="data">The data.</param>
    /// <param name="frames">The number of frames begun.</param>
    /// <returns>How much that was.</returns>
    internal int AddData(uint streamId, ReadOnlySpan<byte> data, out int frames)
    {
        int total = 0;
        frames = 0;
        while (total < data.Length && HasRoom(Math.Min(data.Length - total, MinRoom)))
        {
            int count = Math.Min(data.Length - total, MaxSize - _end - FrameHeader.Size);
            ReadOnlySpan<byte> body = data.Slice(total, Math.Min(count, MaxBody));
            EnsureBuffer(FrameHeader.Size + body.Length);
            frames += AddBody(streamId, body);
            total += body.Length;
        }
        return total;
    }

    /// <summary>Gives everything away in one piece; the buffer goes back to the shared pool when it has been sent.</summary>
    internal (byte[] Buffer, Memory<byte> Bytes) Take()
    {
        byte[] buffer = _buffer ?? throw new InvalidOperationException("the batch is empty");
        int start = ControlRoom - _controlEnd;
        buffer.AsSpan(0, _controlEnd).CopyTo(buffer.AsSpan(start));
        Memory<byte> bytes = buffer.AsMemory(start, _end - start);
        _buffer = null;
        _controlEnd = 0;
        _end = ControlRoom;
        _lastSender = 0;
        return (buffer, bytes);
    }

    private int AddBody(uint streamId, ReadOnlySpan<byte> body)
    {
        // What the same stream sent last, if nothing came after it, only gets longer.
        bool isNew = _lastSender != streamId || _lastLength + body.Length > MaxBody;
        if (isNew)
        {
            _lastSender = streamId;
            _lastHeader = _end;
            _lastLength = 0;
            _end += FrameHeader.Size;
        }
        body.CopyTo(_buffer.AsSpan(_end));
        _end += body.Length;
        _lastLength += body.Length;
        new FrameHeader(FrameType.Data, FrameFlags.None, streamId, (uint)_lastLength).Write(_buffer.AsSpan(_lastHeader));
        return isNew ? 1 : 0;
    }

    private void EnsureBuffer(int room)
    {
        if (_buffer is not null && _end + room <= _buffer.Length)
            return;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBuffer, _end + room));
        if (_buffer is not null)
        {
            _buffer.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = larger;
    }
}
