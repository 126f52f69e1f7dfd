namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>
/// Reads protobuf fields out of a part of a buffer without copying. Every method that returns false has met malformed input;
/// the reader is of no use after that.
/// </summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> buffer, int start, int end)
{
    private const int MaxVarintBytes = 10;

    private readonly ReadOnlySpan<byte> _buffer = buffer;
    private readonly int _end = end;
    private int _position = start;

    internal ProtoReader(ReadOnlySpan<byte> buffer)
        : this(buffer, 0, buffer.Length)
    {
    }

    internal ProtoReader(ReadOnlySpan<byte> buffer, Slice part)
        : this(buffer, part.Start, part.Start + part.Length)
    {
    }

    internal readonly bool AtEnd => _position == _end;

    internal bool TryReadTag(out int field, out WireType type)
    {
        bool read = TryReadVarint(out ulong tag) && tag is >= 8 and <= uint.MaxValue;
        field = (int)(tag >> 3);
        type = (WireType)(tag & 7);
        return read;
    }

    internal bool TryReadVarint(out ulong value)
    {
        value = 0;
        int limit = Math.Min(_end, _position + MaxVarintBytes);
        for (int shift = 0; _position < limit; shift += 7)
        {
            byte next = _buffer[_position++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return true;
        }
        return false;
    }

    /// <summary>Reads a length and steps over that many bytes.</summary>
    internal bool TryReadBytes(WireType type, out Slice bytes)
    {
        bytes = default;
        if (type != WireType.Bytes || !TryReadVarint(out ulong length) || length > (ulong)(_end - _position))
            return false;
        bytes = new Slice(_position, (int)length);
        _position += (int)length;
        return true;
    }

    internal bool TryReadVarint(WireType type, out ulong value)
    {
        value = 0;
        return type == WireType.Varint && TryReadVarint(out value);
    }

    /// <summary>Steps over a field that is not known here.</summary>
    internal bool TrySkip(WireType type)
    {
        switch (type)
        {
            case WireType.Varint:
                return TryReadVarint(out _);
            case WireType.Bytes:
                return TryReadBytes(type, out _);
            case WireType.Fixed64:
                return TryAdvance(sizeof(ulong));
            case WireType.Fixed32:
                return TryAdvance(sizeof(uint));
            default:
                return false;
        }
    }

    private bool TryAdvance(int count)
    {
        if (count > _end - _position)
            return false;
        _position += count;
        return true;
    }
}
