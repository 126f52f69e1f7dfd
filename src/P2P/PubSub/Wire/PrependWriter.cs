using System.Buffers;

namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>
/// Writes protobuf from its end to its beginning: the length of a nested message is then known when its turn comes, so nothing
/// is measured beforehand. Fields are therefore written in reverse order.
/// </summary>
internal ref struct PrependWriter
{
    private const int InitialSize = 1024;

    private byte[] _buffer;
    private int _start;

    public PrependWriter()
    {
        _buffer = ArrayPool<byte>.Shared.Rent(InitialSize);
        _start = _buffer.Length;
    }

    /// <summary>Bytes written so far; also the mark to give to <see cref="CloseMessage"/>.</summary>
    internal readonly int Length => _buffer.Length - _start;

    internal void Bytes(int field, ReadOnlySpan<byte> value)
    {
        value.CopyTo(Reserve(value.Length));
        Header(field, value.Length);
    }

    internal void Number(int field, ulong value)
    {
        Varint(value);
        Tag(field, WireType.Varint);
    }

    /// <summary>Makes what was written since <paramref name="mark"/> a nested message.</summary>
    internal void CloseMessage(int field, int mark) => Header(field, Length - mark);

    /// <summary>Prefixes everything with its length and returns it; the writer is done.</summary>
    internal byte[] ToFrame()
    {
        Varint((ulong)Length);
        byte[] frame = _buffer.AsSpan(_start).ToArray();
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = 0;
        return frame;
    }

    private void Header(int field, int length)
    {
        Varint((ulong)length);
        Tag(field, WireType.Bytes);
    }

    private void Tag(int field, WireType type) => Varint(((ulong)field << 3) | (ulong)type);

    private void Varint(ulong value) => ProtoVarint.Write(Reserve(ProtoVarint.Length(value)), value);

    private Span<byte> Reserve(int count)
    {
        if (_start < count)
            Grow(count);
        _start -= count;
        return _buffer.AsSpan(_start, count);
    }

    private void Grow(int count)
    {
        int length = Length;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, length + count));
        _buffer.AsSpan(_start).CopyTo(larger.AsSpan(larger.Length - length));
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
        _start = larger.Length - length;
    }
}
