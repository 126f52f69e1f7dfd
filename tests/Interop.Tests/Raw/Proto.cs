namespace P2PMiner.Interop.Tests.Raw;

/// <summary>Protobuf fields written by hand, so that also wrong ones can be.</summary>
internal static class Proto
{
    public static byte[] Bytes(int field, ReadOnlySpan<byte> value) =>
        [.. RawSocket.Varint(((ulong)field << 3) | 2), .. RawSocket.Varint((ulong)value.Length), .. value];

    public static byte[] Text(int field, string value) => Bytes(field, System.Text.Encoding.UTF8.GetBytes(value));

    public static byte[] Number(int field, ulong value) => [.. RawSocket.Varint((ulong)field << 3), .. RawSocket.Varint(value)];

    /// <summary>A message behind its length, as the protocols on streams send it.</summary>
    public static byte[] Delimited(ReadOnlySpan<byte> message) => [.. RawSocket.Varint((ulong)message.Length), .. message];
}
