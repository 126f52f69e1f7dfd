using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;
using P2PMiner.Peer.Protocols;

namespace P2PMiner.Peer.Commands;

/// <summary>Commands on streams and their handlers.</summary>
internal static class StreamCommands
{
    private const int MaxShown = 65536;
    private const int PieceSize = 64 * 1024;

    public static void Handle(CommandContext c) => c.Peer.Handle(
        c.Arguments.Text("protocol") is { Length: > 0 } protocol ? protocol : throw new ArgumentException("'protocol' is empty"),
        c.Arguments.TextOrNull("mode") ?? "echo",
        c.Arguments.Duration("delayMs", (long)StreamHandlers.StandardDelay.TotalMilliseconds));

    public static void Unhandle(CommandContext c) => c.Peer.Host.Unhandle(c.Arguments.Text("protocol"));

    public static async Task PerfAsync(CommandContext c)
    {
        long upload = c.Arguments.Number("upload", 0);
        long download = c.Arguments.Number("download", 0);
        IPeerConnection connection = await ConnectionCommands.TargetAsync(c);
        await using PeerStream stream = await connection.OpenStreamAsync([PerfProtocol.Id], c.Cancellation);
        PerfRun run = new(stream);
        c.SetAtEnd(() =>
        {
            c.Set("uploaded", run.Uploaded);
            c.Set("downloaded", run.Downloaded);
            c.Set("uploadMs", run.UploadTime?.TotalMilliseconds);
            c.Set("totalMs", run.TotalTime?.TotalMilliseconds);
        });
        await Task.Yield();
        await run.RunAsync(upload, download, c.Cancellation);
    }

    public static async Task OpenStreamAsync(CommandContext c)
    {
        StreamRequest request = new(c.Arguments);
        IPeerConnection connection = await ConnectionCommands.TargetAsync(c);
        await using PeerStream stream = await connection.OpenStreamAsync(request.Protocols, c.Cancellation);
        c.Set("protocol", stream.Protocol);
        using HashedBytes sent = new(keep: 0);
        using HashedBytes received = new(MaxShown);
        await Task.Yield();
        long start = Stopwatch.GetTimestamp();
        Task writing = WriteAsync(request, stream, sent, c.Cancellation);
        string ended = await ReadAsync(request, stream, received, c.Cancellation);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        if (ended != HashedBytes.EndOfStream)
            stream.Reset();
        await writing;
        if (ended == HashedBytes.EndOfStream && !request.Resets)
            await CloseAsync(stream, c.Cancellation);
        SetResult(c, sent, received, ended, elapsed);
    }

    private static async Task<string> ReadAsync(StreamRequest request, PeerStream stream, HashedBytes received, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (request.ReadTime is { } time)
            limit.CancelAfter(time);
        try
        {
            return await received.ReadToEndAsync(stream, request.MaxBytes, limit.Token);
        }
        catch (OperationCanceledException)
        {
            return "timeout";
        }
    }

    // What cannot be sent any more shows in the number of bytes, and in why reading stopped.
    private static async Task WriteAsync(StreamRequest request, PeerStream stream, HashedBytes sent, CancellationToken cancellation)
    {
        try
        {
            if (request.Data is { } data)
                await SendAsync(stream, data, sent, cancellation);
            else
                await SendRandomAsync(stream, request.RandomBytes, sent, cancellation);
            if (request.Resets)
                stream.Reset();
            else if (request.HalfCloses)
                await stream.CloseWriteAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            stream.Reset();
        }
    }

    // After the remote's end nothing is left to go wrong that anyone would notice.
    private static async Task CloseAsync(PeerStream stream, CancellationToken cancellation)
    {
        try
        {
            await stream.CloseWriteAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            stream.Reset();
        }
    }

    private static async Task SendAsync(PeerStream stream, ReadOnlyMemory<byte> data, HashedBytes sent, CancellationToken cancellation)
    {
        for (ReadOnlyMemory<byte> left = data; left.Length > 0; left = left[Math.Min(left.Length, PieceSize)..])
        {
            ReadOnlyMemory<byte> piece = left[..Math.Min(left.Length, PieceSize)];
            await stream.WriteAsync(piece, cancellation);
            sent.Add(piece.Span);
        }
    }

    private static async Task SendRandomAsync(PeerStream stream, long count, HashedBytes sent, CancellationToken cancellation)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        for (long left = count; left > 0; left -= PieceSize)
        {
            Memory<byte> data = piece.AsMemory(0, (int)Math.Min(left, PieceSize));
            RandomNumberGenerator.Fill(data.Span);
            await SendAsync(stream, data, sent, cancellation);
        }
        ArrayPool<byte>.Shared.Return(piece);
    }

    private static void SetResult(CommandContext c, HashedBytes sent, HashedBytes received, string ended, TimeSpan elapsed)
    {
        c.Set("sent", sent.Count);
        c.Set("received", received.Count);
        c.Set("sentSha256", sent.Sha256());
        c.Set("sha256", received.Sha256());
        c.Set("data", JsonValues.Hex(received.Kept));
        c.Set("ended", ended);
        c.Set("ms", elapsed.TotalMilliseconds);
    }
}
