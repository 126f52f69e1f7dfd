namespace P2PMiner.P2P.Dht.Storage;

/// <summary>A key of bytes, compared by content.</summary>
internal readonly struct StoreKey(ReadOnlyMemory<byte> bytes) : IEquatable<StoreKey>
{
    internal ReadOnlyMemory<byte> Bytes { get; } = bytes;

    public bool Equals(StoreKey other) => Bytes.Span.SequenceEqual(other.Bytes.Span);

    public override bool Equals(object? obj) => obj is StoreKey other && Equals(other);

    public override int GetHashCode()
    {
        HashCode code = new();
        code.AddBytes(Bytes.Span);
        return code.ToHashCode();
    }
}
