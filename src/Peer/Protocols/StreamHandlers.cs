using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Peer.Protocols;

/// <summary>Handlers for streams that tests open: they echo, swallow, reset, or do nothing.</summary>
internal sealed class StreamHandlers(JsonLines output)
{
    public static readonly TimeSpan StandardDelay = TimeSpan.FromSeconds(2);

    private const int BufferSize = 64 * 1024;

    /// <summary>The most that <c>eofEcho</c> keeps.</summary>
    private const int MaxKept = 64 * 1024 * 1024;

    /// <summary>Protocols that are always served, with their modes.</summary>
    public static readonly (string Protocol, string Mode)[] BuiltIn =
    [
        ("/p2p-miner/interop/echo/1.0.0", "echo"),
        ("/p2p-miner/interop/eof-echo/1.0.0", "eofEcho"),
        ("/p2p-miner/interop/sink/1.0.0", "sink"),
        ("/p2p-miner/interop/reset/1.0.0", "reset"),
        ("/p2p-miner/interop/silent/1.0.0", "silent"),
        ("/p2p-miner/interop/slow/1.0.0", "slow"),
    ];

    /// <param name="protocol">For the events.</param>
    /// <param name="mode">One of the modes above.</param>
    /// <param name="delay">How long <c>slow</c> reads nothing.</param>
    /// <exception cref="ArgumentException">Another mode.</exception>
    public StreamHandler Make(string protocol, string mode, TimeSpan delay)
    {
        StreamHandler serve = mode switch
        {
            "echo" => EchoAsync,
            "eofEcho" => EchoAtEndAsync,
            "sink" => (stream, cancellation) => SinkAsync(stream, TimeSpan.Zero, cancellation),
            "reset" => Reset,
            "silent" => static (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation),
            "slow" => (stream, cancellation) => SinkAsync(stream, delay, cancellation),
            _ => throw new ArgumentException($"'{mode}' is none of {string.Join(", ", BuiltIn.Select(entry => entry.Mode))}"),
        };
        return (stream, cancellation) =>
        {
            output.Write("stream", new()
            {
                ["protocol"] = protocol,
                ["remotePeer"] = stream.Connection.RemotePeer.ToString(),
                ["mode"] = mode,
                ["direction"] = JsonValues.Text(Direction.Inbound),
            });
            return serve(stream, cancellation);
        };
    }

    private static async Task EchoAsync(PeerStream stream, CancellationToken cancellation)
    {
        await stream.CopyToAsync(stream, BufferSize, cancellation);
        await stream.CloseWriteAsync(cancellation);
    }

    private static async Task EchoAtEndAsync(PeerStream stream, CancellationToken cancellation)
    {
        using MemoryStream kept = new();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellation)) > 0)
        {
            if (kept.Length + count > MaxKept)
                throw new InvalidDataException($"more than {MaxKept} bytes to be echoed at once");
            kept.Write(buffer, 0, count);
        }
        ArrayPool<byte>.Shared.Return(buffer);
        await stream.WriteAsync(kept.GetBuffer().AsMemory(0, (int)kept.Length), cancellation);
        await stream.CloseWriteAsync(cancellation);
    }

    private async Task SinkAsync(PeerStream stream, TimeSpan delay, CancellationToken cancellation)
    {
        await Task.Delay(delay, cancellation);
        using HashedBytes received = new(keep: 0);
        string ended = await received.ReadToEndAsync(stream, long.MaxValue, cancellation);
        string sha256 = received.Sha256();
        output.Write("sink", new()
        {
            ["protocol"] = stream.Protocol,
            ["remotePeer"] = stream.Connection.RemotePeer.ToString(),
            ["size"] = received.Count,
            ["sha256"] = sha256,
            ["ended"] = ended,
        });
        if (ended != HashedBytes.EndOfStream)
            return;
        JsonObject answer = new() { ["size"] = received.Count, ["sha256"] = sha256 };
        await stream.WriteAsync(Encoding.UTF8.GetBytes(answer.ToJsonString()), cancellation);
        await stream.CloseWriteAsync(cancellation);
    }

    private static Task Reset(PeerStream stream, CancellationToken cancellation)
    {
        stream.Reset();
        return Task.CompletedTask;
    }
}
