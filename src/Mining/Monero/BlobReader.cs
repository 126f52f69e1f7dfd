namespace P2PMiner.Mining.Monero;

/// <summary>
/// Reads Monero's binary format from bytes that came from outside. Every method returns false and sets
/// <see cref="Error"/> when the bytes do not allow it, and never allocates by a length that they claim.
/// </summary>
internal ref struct BlobReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private string? _error;

    /// <summary>Bytes consumed so far.</summary>
    public int Position { get; private set; }

    public readonly int Remaining => _bytes.Length - Position;

    /// <summary>One line that says what was wrong and where; empty while nothing was.</summary>
    public readonly string Error => _error ?? "";

    /// <summary>Records what is wrong at the current position; always false.</summary>
    public bool Fail(string message)
    {
        _error = $"{message} at byte {Position}";
        return false;
    }

    public bool TryVarint(string name, out ulong value)
    {
        if (!MoneroVarint.TryRead(_bytes[Position..], out value, out int length))
            return Fail($"{name} is cut short or is no canonical varint");
        Position += length;
        return true;
    }

    public bool TryByte(string name, out byte value)
    {
        value = 0;
        if (Remaining == 0)
            return Fail($"{name} is missing");
        value = _bytes[Position++];
        return true;
    }

    /// <summary>Takes <paramref name="length"/> bytes as a view of the input.</summary>
    public bool TryTake(string name, ulong length, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (length > (ulong)Remaining)
            return Fail($"{name} needs {length} bytes, {Remaining} are left");
        taken = _bytes.Slice(Position, (int)length);
        Position += (int)length;
        return true;
    }
}
