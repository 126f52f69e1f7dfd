using System.Buffers;
using System.Buffers.Binary;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Peer.Protocols;

/// <summary>Serves the measurement of a stream: so many bytes up, so many down (libp2p/specs, perf/perf.md).</summary>
internal static class PerfProtocol
{
    public const string Id = "/perf/1.0.0";

    public const int HeaderSize = 8;
    public const int BufferSize = 128 * 1024;

    public static async Task ServeAsync(PeerStream stream, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        await stream.ReadExactlyAsync(buffer.AsMemory(0, HeaderSize), cancellation);
        ulong count = BinaryPrimitives.ReadUInt64BigEndian(buffer);
        await DrainAsync(stream, buffer, cancellation);
        await SendZeroesAsync(stream, buffer, count, cancellation);
        await stream.CloseWriteAsync(cancellation);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static async Task DrainAsync(PeerStream stream, byte[] buffer, CancellationToken cancellation)
    {
        while (await stream.ReadAsync(buffer, cancellation) > 0)
        {
            // Only its end counts.
        }
    }

    private static async Task SendZeroesAsync(PeerStream stream, byte[] buffer, ulong count, CancellationToken cancellation)
    {
        Array.Clear(buffer);
        while (count > 0)
        {
            int part = (int)Math.Min(count, (ulong)buffer.Length);
            await stream.WriteAsync(buffer.AsMemory(0, part), cancellation);
            count -= (ulong)part;
        }
    }
}
