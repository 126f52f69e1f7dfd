using System.Buffers.Binary;

namespace P2PMiner.P2P.Yamux;

/// <summary>
/// The header before everything that is sent (libp2p/specs, yamux/README.md, "Framing"), big endian:
/// <code>
///  0         1         2                   4                   8                  12
/// +---------+---------+-------------------+-------------------+-------------------+
/// | version |  type   |       flags       |     stream id     |      length       |
/// +---------+---------+-------------------+-------------------+-------------------+
/// </code>
/// The length is that of the body after a data frame, the bytes granted in a window update, the opaque value of a ping,
/// or the code of a go away.
/// </summary>
internal readonly record struct FrameHeader(FrameType Type, FrameFlags Flags, uint StreamId, uint Length)
{
    internal const int Size = 12;

    private const byte Version = 0;

    internal void Write(Span<byte> destination)
    {
        destination[0] = Version;
        destination[1] = (byte)Type;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)Flags);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], StreamId);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Length);
    }

    /// <param name="source">At least <see cref="Size"/> bytes.</param>
    /// <exception cref="YamuxException">Another version, or an unknown type.</exception>
    internal static FrameHeader Read(ReadOnlySpan<byte> source)
    {
        if (source[0] != Version)
            throw new YamuxException($"a frame of version {source[0]}");
        if (source[1] > (byte)FrameType.GoAway)
            throw new YamuxException($"a frame of unknown type {source[1]}");
        return new FrameHeader(
            (FrameType)source[1],
            (FrameFlags)BinaryPrimitives.ReadUInt16BigEndian(source[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[8..]));
    }
}
