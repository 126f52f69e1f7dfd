namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>Compares ids and topics by their bytes, and lets them be looked up by a span without a copy.</summary>
internal sealed class ByteArrayComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    internal static readonly ByteArrayComparer Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    // HashCode is seeded at random in every process, so colliding ids cannot be prepared.
    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        HashCode code = default;
        code.AddBytes(alternate);
        return code.ToHashCode();
    }
}
