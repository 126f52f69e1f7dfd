using System.Buffers;
using Google.Protobuf;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Multiformats;

/// <summary>Messages with their length in bytes as a varint in front, the way in which most protocols of libp2p frame them.</summary>
internal static class LengthPrefixed
{
    // A long message gets memory as it arrives: announcing one costs the sender nothing, so it shall not cost us much.
    private const int FirstBuffer = 64 * 1024;

    /// <summary>Reads one message and nothing beyond it.</summary>
    /// <param name="stream">Read byte by byte up to the message itself, so it should be one that has its bytes in memory.</param>
    /// <param name="maxSize">The longest message to accept, in bytes, without its prefix.</param>
    /// <param name="cancellation">Ends waiting; the stream is then of no more use.</param>
    /// <returns>The message, which may be empty; null if the stream ends before it.</returns>
    /// <exception cref="ProtocolException">The length is malformed or too great.</exception>
    /// <exception cref="EndOfStreamException">The stream ends within the message.</exception>
    internal static async ValueTask<PooledMessage?> ReadAsync(Stream stream, int maxSize, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Varint.MaxLength);
        try
        {
            int length = await ReadLengthAsync(stream, buffer, maxSize, cancellation).ConfigureAwait(false);
            if (length < 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                return null;
            }
            for (int filled = 0; filled < length;)
            {
                if (filled == 0 || filled == buffer.Length)
                    buffer = Grow(buffer, filled, length);
                int end = Math.Min(length, buffer.Length);
                await stream.ReadExactlyAsync(buffer.AsMemory(filled, end - filled), cancellation).ConfigureAwait(false);
                filled = end;
            }
            return new PooledMessage(buffer, length);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    /// <summary>Writes one message with its length in front, in a single write.</summary>
    internal static async ValueTask WriteAsync(Stream stream, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Varint.MaxLength + message.Length);
        try
        {
            int prefix = Varint.Write(buffer, (ulong)message.Length);
            message.CopyTo(buffer.AsMemory(prefix));
            await stream.WriteAsync(buffer.AsMemory(0, prefix + message.Length), cancellation).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Encodes and writes one protobuf message with its length in front, in a single write.</summary>
    internal static async ValueTask WriteAsync(Stream stream, IMessage message, CancellationToken cancellation)
    {
        int size = message.CalculateSize();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Varint.MaxLength + size);
        try
        {
            int prefix = Varint.Write(buffer, (ulong)size);
            message.WriteTo(buffer.AsSpan(prefix, size));
            await stream.WriteAsync(buffer.AsMemory(0, prefix + size), cancellation).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The length, or -1 if the stream ends before it.</summary>
    private static async ValueTask<int> ReadLengthAsync(Stream stream, byte[] buffer, int maxSize, CancellationToken cancellation)
    {
        for (int count = 0; ;)
        {
            if (await stream.ReadAsync(buffer.AsMemory(count, 1), cancellation).ConfigureAwait(false) == 0)
                return count == 0 ? -1 : throw new EndOfStreamException("the stream ended within the length of a message");
            count++;
            VarintStatus status = Varint.Read(buffer.AsSpan(0, count), out ulong length, out _);
            if (status == VarintStatus.Done && length <= (ulong)maxSize)
                return (int)length;
            if (status == VarintStatus.Done)
                throw new ProtocolException($"a message of {length} bytes is announced: more than {maxSize} are refused");
            if (status == VarintStatus.Invalid)
                throw new ProtocolException("the length of a message is malformed");
        }
    }

    /// <summary>A buffer of twice the size, but not more than the message needs, with what was read so far.</summary>
    private static byte[] Grow(byte[] buffer, int filled, int length)
    {
        int size = Math.Min(length, Math.Max(FirstBuffer, 2 * filled));
        if (size <= buffer.Length)
            return buffer;
        byte[] larger = ArrayPool<byte>.Shared.Rent(size);
        buffer.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
