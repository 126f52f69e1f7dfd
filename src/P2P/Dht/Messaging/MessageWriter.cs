using System.Buffers;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.Dht.Messaging;

/// <summary>Writes messages, each with its length in one piece.</summary>
internal static class MessageWriter
{
    /// <exception cref="InvalidDataException">The message is larger than we ever send.</exception>
    /// <exception cref="IOException">The stream broke.</exception>
    internal static async ValueTask WriteAsync(Stream stream, DhtMessage message, CancellationToken cancellation)
    {
        int size = DhtMessageEncoder.Size(message);
        if (size > WireLimits.MaxSentSize)
            throw new InvalidDataException($"a message of {size} bytes is not sent");
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Varint.MaxLength + size);
        try
        {
            int prefix = Varint.Write(buffer, (ulong)size);
            int written = DhtMessageEncoder.Write(message, buffer.AsSpan(prefix, size));
            await stream.WriteAsync(buffer.AsMemory(0, prefix + written), cancellation).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
