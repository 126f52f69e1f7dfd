namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>Varints as protobuf has them: up to 64 bits (protobuf.dev, "Encoding").</summary>
internal static class ProtoVarint
{
    internal static int Length(ulong value)
    {
        int length = 1;
        for (; value >= 0x80; value >>= 7)
            length++;
        return length;
    }

    /// <summary>Writes the shortest encoding; returns its length.</summary>
    internal static int Write(Span<byte> destination, ulong value)
    {
        int written = 0;
        for (; value >= 0x80; value >>= 7)
            destination[written++] = (byte)(value | 0x80);
        destination[written++] = (byte)value;
        return written;
    }
}
