namespace P2PMiner.P2P.Dht.Wire;

/// <summary>
/// Walks over the fields of a protobuf message without copying (protobuf.dev, "Encoding"). Every method returns false when the bytes
/// are malformed, and then nothing more can be read.
/// </summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private const int VarintField = 0;
    private const int Fixed64Field = 1;
    private const int BytesField = 2;
    private const int Fixed32Field = 5;
    private const int MaxVarintLength = 10;

    private ReadOnlySpan<byte> _rest = message;

    internal readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>Reads the next field: a number of a varint field, or the bytes of a length-delimited one; others are skipped.</summary>
    /// <param name="field">Number of the field; 0 if it is of a kind that no DHT message has.</param>
    /// <param name="number">Value of a varint field, else 0.</param>
    /// <param name="bytes">Content of a length-delimited field, else empty.</param>
    /// <param name="isBytes">True for a length-delimited field.</param>
    internal bool TryReadField(out int field, out ulong number, out ReadOnlySpan<byte> bytes, out bool isBytes)
    {
        (field, number, isBytes) = (0, 0, false);
        bytes = default;
        if (!TryReadVarint(out ulong tag) || tag >> 3 is 0 or > int.MaxValue)
            return false;
        switch ((int)(tag & 7))
        {
            case VarintField:
                field = (int)(tag >> 3);
                return TryReadVarint(out number);
            case BytesField:
                field = (int)(tag >> 3);
                isBytes = true;
                return TryReadVarint(out ulong length) && TryTake(length, out bytes);
            case Fixed64Field:
                return TryTake(sizeof(ulong), out _);
            case Fixed32Field:
                return TryTake(sizeof(uint), out _);
            default:
                return false;
        }
    }

    private bool TryTake(ulong length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (length > (ulong)_rest.Length)
            return false;
        bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    private bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (int i = 0; i < MaxVarintLength && i < _rest.Length; i++)
        {
            value |= (ulong)(_rest[i] & 0x7f) << (7 * i);
            if (_rest[i] >= 0x80)
                continue;
            _rest = _rest[(i + 1)..];
            return true;
        }
        return false;
    }
}
