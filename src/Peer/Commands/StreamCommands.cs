using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;
using P2PMiner.Peer.Protocols;

namespace P2PMiner.Peer.Commands;

/// <summary>Commands on streams and their handlers.</summary>
internal static class StreamCommands
{
    private const int MaxShown = 65536;
    private const int PieceSize = 64 * 1024;

    public static Task<CommandResult> HandleAsync(CommandContext c)
    {
        TimeSpan delay = TimeSpan.FromMilliseconds(c.Arguments.Number("delayMs", (long)StreamHandlers.StandardDelay.TotalMilliseconds));
        c.Peer.Handle(c.Arguments.Text("protocol"), c.Arguments.TextOrNull("mode") ?? "echo", delay);
        return Task.FromResult(new CommandResult([]));
    }

    public static Task<CommandResult> UnhandleAsync(CommandContext c)
    {
        c.Peer.Host.Unhandle(c.Arguments.Text("protocol"));
        return Task.FromResult(new CommandResult([]));
    }

    public static async Task<CommandResult> PerfAsync(CommandContext c)
    {
        IPeerConnection connection = await ConnectionCommands.TargetAsync(c);
        await using PeerStream stream = await connection.OpenStreamAsync([PerfProtocol.Id], c.Cancellation);
        long upload = c.Arguments.Number("upload", 0);
        (long downloaded, TimeSpan uploadTime, TimeSpan total) =
            await PerfProtocol.RunAsync(stream, (ulong)upload, (ulong)c.Arguments.Number("download", 0), c.Cancellation);
        return new(new()
        {
            ["uploaded"] = upload,
            ["downloaded"] = downloaded,
            ["uploadMs"] = uploadTime.TotalMilliseconds,
            ["totalMs"] = total.TotalMilliseconds,
        });
    }

    public static async Task<CommandResult> OpenStreamAsync(CommandContext c)
    {
        IPeerConnection connection = await ConnectionCommands.TargetAsync(c);
        await using PeerStream stream = await connection.OpenStreamAsync(c.Arguments.Texts("protocol"), c.Cancellation);
        using HashedBytes sent = new(keep: 0);
        using HashedBytes received = new(MaxShown);
        long start = Stopwatch.GetTimestamp();
        Task writing = WriteAsync(c, stream, sent);
        string ended = await ReadAsync(c, stream, received);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        if (ended != HashedBytes.EndOfStream)
            stream.Reset();
        await writing;
        return new(Result(stream.Protocol, sent, received, ended, elapsed));
    }

    private static async Task<string> ReadAsync(CommandContext c, PeerStream stream, HashedBytes received)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(c.Cancellation);
        if (c.Arguments.Has("readMs"))
            limit.CancelAfter(TimeSpan.FromMilliseconds(c.Arguments.Number("readMs")));
        try
        {
            return await received.ReadToEndAsync(stream, c.Arguments.Number("maxBytes", long.MaxValue), limit.Token);
        }
        catch (OperationCanceledException)
        {
            return "timeout";
        }
    }

    // What cannot be sent any more shows in the number of bytes, and in why reading stopped.
    private static async Task WriteAsync(CommandContext c, PeerStream stream, HashedBytes sent)
    {
        try
        {
            if (c.Arguments.Has("send"))
                await SendAsync(stream, c.Arguments.Bytes("send"), sent, c.Cancellation);
            else if (c.Arguments.Has("sendRandom"))
                await SendRandomAsync(stream, c.Arguments.Number("sendRandom"), sent, c.Cancellation);
            if (c.Arguments.Flag("reset", false))
                stream.Reset();
            else if (c.Arguments.Flag("halfClose", true))
                await stream.CloseWriteAsync(c.Cancellation);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            stream.Reset();
        }
    }

    private static async Task SendAsync(PeerStream stream, ReadOnlyMemory<byte> data, HashedBytes sent, CancellationToken cancellation)
    {
        await stream.WriteAsync(data, cancellation);
        sent.Add(data.Span);
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

    private static JsonObject Result(string protocol, HashedBytes sent, HashedBytes received, string ended, TimeSpan elapsed) => new()
    {
        ["protocol"] = protocol,
        ["sent"] = sent.Count,
        ["received"] = received.Count,
        ["sentSha256"] = sent.Sha256(),
        ["sha256"] = received.Sha256(),
        ["data"] = JsonValues.Hex(received.Kept),
        ["ended"] = ended,
        ["ms"] = elapsed.TotalMilliseconds,
    };
}
