using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>Lays the contents of fields one after the other.</summary>
internal ref struct FieldBuilder(Span<byte> buffer, int position = 0)
{
    private readonly Span<byte> _buffer = buffer;
    private int _position = position;

    internal Slice Append(ReadOnlySpan<byte> value)
    {
        value.CopyTo(_buffer[_position..]);
        Slice slice = new(_position, value.Length);
        _position += value.Length;
        return slice;
    }
}
