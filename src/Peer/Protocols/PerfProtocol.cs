using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Peer.Protocols;

/// <summary>Measures a stream: so many bytes up, so many down (libp2p/specs, perf/perf.md).</summary>
internal static class PerfProtocol
{
    public const string Id = "/perf/1.0.0";

    private const int HeaderSize = 8;
    private const int BufferSize = 128 * 1024;

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

    /// <returns>Bytes that came, the time until our side was closed, and the time until all had come.</returns>
    public static async Task<(long Downloaded, TimeSpan Upload, TimeSpan Total)> RunAsync(
        PeerStream stream, ulong upload, ulong download, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        long start = Stopwatch.GetTimestamp();
        BinaryPrimitives.WriteUInt64BigEndian(buffer, download);
        await stream.WriteAsync(buffer.AsMemory(0, HeaderSize), cancellation);
        await SendZeroesAsync(stream, buffer, upload, cancellation);
        await stream.CloseWriteAsync(cancellation);
        TimeSpan uploaded = Stopwatch.GetElapsedTime(start);
        long downloaded = await DrainAsync(stream, buffer, cancellation);
        ArrayPool<byte>.Shared.Return(buffer);
        return (downloaded, uploaded, Stopwatch.GetElapsedTime(start));
    }

    private static async Task<long> DrainAsync(PeerStream stream, byte[] buffer, CancellationToken cancellation)
    {
        long total = 0;
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellation)) > 0)
            total += count;
        return total;
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
