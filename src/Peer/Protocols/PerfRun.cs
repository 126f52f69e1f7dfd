using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Peer.Protocols;

/// <summary>One measurement of a stream from the asking side (libp2p/specs, perf/perf.md); can be looked at while it runs.</summary>
internal sealed class PerfRun(PeerStream stream)
{
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Bytes sent, without the header.</summary>
    public long Uploaded { get; private set; }

    public long Downloaded { get; private set; }

    /// <summary>Until our side was closed; null before.</summary>
    public TimeSpan? UploadTime { get; private set; }

    /// <summary>Until all had come; null before.</summary>
    public TimeSpan? TotalTime { get; private set; }

    /// <param name="upload">Bytes to send.</param>
    /// <param name="download">Bytes to ask for.</param>
    /// <param name="cancellation">Ends it; what was measured stays.</param>
    public async Task RunAsync(long upload, long download, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PerfProtocol.BufferSize);
        BinaryPrimitives.WriteInt64BigEndian(buffer, download);
        await stream.WriteAsync(buffer.AsMemory(0, PerfProtocol.HeaderSize), cancellation);
        Array.Clear(buffer);
        while (Uploaded < upload)
        {
            int part = (int)Math.Min(upload - Uploaded, buffer.Length);
            await stream.WriteAsync(buffer.AsMemory(0, part), cancellation);
            Uploaded += part;
        }
        await stream.CloseWriteAsync(cancellation);
        UploadTime = Stopwatch.GetElapsedTime(_start);
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellation)) > 0)
            Downloaded += count;
        TotalTime = Stopwatch.GetElapsedTime(_start);
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
