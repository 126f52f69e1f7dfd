using System.Buffers;

namespace P2PMiner.P2P.Yamux;

/// <summary>Received bytes in the order of their arrival, in pooled pieces that grow with what is held. Not thread-safe.</summary>
internal sealed class SegmentQueue
{
    /// <summary>The first piece; a stream that is read promptly needs no more.</summary>
    internal const int MinSegment = 1024;

    /// <summary>Large enough for the shared pool to keep all pieces of a full window: it holds a few dozen of each size.</summary>
    internal const int MaxSegment = 256 * 1024;

    private readonly Queue<byte[]> _segments = new();
    private byte[] _last = [];
    private int _start;
    private int _end;

    /// <summary>Bytes held.</summary>
    internal long Length { get; private set; }

    /// <summary>Memory held.</summary>
    internal long Capacity { get; private set; }

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        Length += bytes.Length;
        while (bytes.Length > 0)
        {
            if (_end == _last.Length)
                AddSegment(SegmentSize(bytes.Length));
            int count = Math.Min(bytes.Length, _last.Length - _end);
            bytes[..count].CopyTo(_last.AsSpan(_end));
            _end += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Moves bytes out, as many as there are and fit.</summary>
    internal int Read(Span<byte> destination)
    {
        int total = 0;
        while (total < destination.Length && Length > 0)
        {
            byte[] segment = _segments.Peek();
            int available = (segment == _last ? _end : segment.Length) - _start;
            int count = Math.Min(available, destination.Length - total);
            segment.AsSpan(_start, count).CopyTo(destination[total..]);
            total += count;
            _start += count;
            Length -= count;
            if (count == available)
                RemoveFirst();
        }
        return total;
    }

    internal void Clear()
    {
        Length = 0;
        while (_segments.Count > 0)
            RemoveFirst();
    }

    private int SegmentSize(int count) => (int)Math.Clamp(Math.Max(count, Capacity), MinSegment, MaxSegment);

    private void AddSegment(int size)
    {
        _last = ArrayPool<byte>.Shared.Rent(size);
        _end = 0;
        _segments.Enqueue(_last);
        Capacity += _last.Length;
    }

    private void RemoveFirst()
    {
        byte[] segment = _segments.Dequeue();
        Capacity -= segment.Length;
        _start = 0;
        if (segment == _last)
        {
            _last = [];
            _end = 0;
        }
        ArrayPool<byte>.Shared.Return(segment);
    }
}
