using Google.Protobuf;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster;

/// <summary>Protobuf messages on a stream, each with its length in bytes as a varint in front.</summary>
internal static class Frames
{
    // A long message gets memory as it arrives, so that announcing one costs us no more than the sender.
    private const int FirstBuffer = 16 * 1024;

    private const int MaxPrefix = 4;

    /// <summary>Reads one message.</summary>
    /// <param name="stream">Where from.</param>
    /// <param name="parser">What is read.</param>
    /// <param name="maxSize">The longest message taken, in bytes; below 2^28.</param>
    /// <param name="cancellation">Gives up; the stream is of no more use then.</param>
    /// <returns>Null when the stream ends before a message.</returns>
    /// <exception cref="ProtocolException">The length or the message is malformed.</exception>
    /// <exception cref="EndOfStreamException">The stream ends within a message.</exception>
    public static async Task<T?> ReadAsync<T>(Stream stream, MessageParser<T> parser, int maxSize, CancellationToken cancellation)
        where T : class, IMessage<T>
    {
        int? length = await ReadLengthAsync(stream, maxSize, cancellation);
        if (length is null)
            return null;
        byte[] buffer = new byte[Math.Min(length.Value, FirstBuffer)];
        for (int filled = 0; filled < length;)
        {
            if (filled == buffer.Length)
                Array.Resize(ref buffer, Math.Min(length.Value, 2 * buffer.Length));
            await stream.ReadExactlyAsync(buffer.AsMemory(filled), cancellation);
            filled = buffer.Length;
        }
        try
        {
            return parser.ParseFrom(buffer);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new ProtocolException($"malformed message: {error.Message}");
        }
    }

    public static async Task WriteAsync(Stream stream, IMessage message, CancellationToken cancellation)
    {
        using MemoryStream frame = new(MaxPrefix + message.CalculateSize());
        message.WriteDelimitedTo(frame);
        await stream.WriteAsync(frame.GetBuffer().AsMemory(0, (int)frame.Length), cancellation);
    }

    /// <summary>Reads the length in front of a message; null when the stream ends there.</summary>
    /// <inheritdoc cref="ReadAsync{T}" path="/exception"/>
    public static async Task<int?> ReadLengthAsync(Stream stream, int maxSize, CancellationToken cancellation)
    {
        byte[] one = new byte[1];
        int length = 0;
        for (int count = 0; count < MaxPrefix; count++)
        {
            if (await stream.ReadAsync(one, cancellation) == 0)
                return count == 0 ? null : throw new EndOfStreamException("the stream ended within the length of a message");
            length |= (one[0] & 0x7f) << (7 * count);
            if (one[0] < 0x80)
                return length <= maxSize ? length : throw new ProtocolException($"a message of {length} bytes; at most {maxSize} are taken");
        }
        throw new ProtocolException("the length of a message is malformed");
    }
}
