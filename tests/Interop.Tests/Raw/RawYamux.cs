using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Interop.Tests.Raw;

/// <summary>
/// The dialling side of a Yamux session with a host under attack: it opens streams and reads as a peer would, and sends whatever frames the
/// test makes up.
/// </summary>
internal sealed class RawYamux : IAsyncDisposable
{
    public const string Protocol = "/yamux/1.0.0";

    public const byte Data = 0;
    public const byte WindowUpdate = 1;
    public const byte Ping = 2;
    public const byte GoAway = 3;

    public const ushort Syn = 1;
    public const ushort Ack = 2;
    public const ushort Fin = 4;
    public const ushort Rst = 8;

    private const int HeaderBytes = 12;

    private readonly RawNoise _noise;
    private readonly Func<RawStream, Task>? _serve;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ConcurrentDictionary<uint, RawStream> _streams = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<uint, TaskCompletionSource> _pings = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Task _pump;
    // Far from the ids that tests write by hand.
    private uint _nextId = 100_001;
    private uint _nextPing = 1000;

    public RawYamux(RawNoise noise, Func<RawStream, Task>? serve = null)
    {
        _noise = noise;
        _serve = serve;
        _pump = PumpAsync(_end.Token);
    }

    /// <summary>False: the host's data is taken but never credited, as by a peer that does not read.</summary>
    public bool Reads { get; set; } = true;

    /// <summary>The code of the host's GoAway frame, if there was one.</summary>
    public uint? GoAwayCode { get; private set; }

    public RawNoise Noise => _noise;

    public bool IsClosed => _closed.Task.IsCompleted;

    /// <summary>Connects as a peer that behaves, up to here.</summary>
    /// <param name="host">Where it listens.</param>
    /// <param name="key">Null for a peer that nobody knows.</param>
    /// <param name="serve">Serves each stream that the host opens; null leaves them alone.</param>
    public static async Task<RawYamux> ConnectAsync(IPEndPoint host, Ed25519KeyPair? key = null, Func<RawStream, Task>? serve = null)
    {
        RawClaim claim = RawClaim.Honest(key ?? Ed25519KeyPair.Generate());
        RawSocket socket = await RawSocket.ConnectAsync(host);
        return new RawYamux(await RawNoise.ShakeHandsAsync(socket, claim.Encode), serve);
    }

    public static byte[] Frame(byte type, ushort flags, uint stream, uint length, byte[]? body = null, byte version = 0)
    {
        byte[] frame = new byte[HeaderBytes + (body?.Length ?? 0)];
        frame[0] = version;
        frame[1] = type;
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), flags);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), stream);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(8), length);
        body?.CopyTo(frame, HeaderBytes);
        return frame;
    }

    public static byte[] DataFrame(uint stream, byte[] body, ushort flags = 0) => Frame(Data, flags, stream, (uint)body.Length, body);

    /// <summary>Sends frames as they are.</summary>
    public Task SendAsync(params byte[][] frames) => SendBelowAsync(noise => noise.SendAsync([.. frames.SelectMany(frame => frame)]));

    /// <summary>Sends below Yamux, while no answer of this session to the host comes between what is encrypted and what is sent.</summary>
    public async Task SendBelowAsync(Func<RawNoise, Task> send)
    {
        await _sending.WaitAsync();
        try
        {
            await send(_noise);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Opens a stream without agreeing on a protocol.</summary>
    public async Task<RawStream> OpenAsync()
    {
        var stream = new RawStream(this, _nextId);
        _nextId += 2;
        _streams[stream.Id] = stream;
        await SendAsync(Frame(WindowUpdate, Syn, stream.Id, 0));
        return stream;
    }

    /// <summary>Opens a stream and agrees on a protocol that the host has.</summary>
    public async Task<RawStream> OpenAsync(string protocol)
    {
        RawStream stream = await OpenAsync();
        await stream.SendAsync([.. RawSocket.Line(RawSocket.Multistream), .. RawSocket.Line(protocol)]);
        RawSocket.Expect(RawSocket.Multistream, await stream.ReadLineAsync());
        RawSocket.Expect(protocol, await stream.ReadLineAsync());
        return stream;
    }

    /// <summary>Returns when the host has answered a ping: it still serves this connection.</summary>
    /// <exception cref="EndOfStreamException">It closed the connection.</exception>
    public async Task PingAsync()
    {
        uint value = Interlocked.Increment(ref _nextPing);
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _pings[value] = answered;
        await SendAsync(Frame(Ping, Syn, 0, value));
        await InTime.DoAsync(token => Task.WhenAny(answered.Task, _closed.Task).WaitAsync(token), "answer to a ping");
        if (!answered.Task.IsCompleted)
            throw new EndOfStreamException($"the host closed the connection; code {GoAwayCode}");
    }

    public Task UntilClosedAsync() => InTime.DoAsync(token => _closed.Task.WaitAsync(token), "the host closes the connection");

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _pump;
        await _noise.DisposeAsync();
        _end.Dispose();
        _sending.Dispose();
    }

    private async Task PumpAsync(CancellationToken cancellation)
    {
        byte[] buffered = [];
        try
        {
            while (true)
            {
                while (buffered.Length < HeaderBytes || buffered.Length < HeaderBytes + BodyLength(buffered))
                    buffered = [.. buffered, .. await _noise.ReadAsync(cancellation)];
                int length = HeaderBytes + BodyLength(buffered);
                await TakeAsync(buffered[..length]);
                buffered = buffered[length..];
            }
        }
        catch (EndOfStreamException)
        {
            // What the attack was for.
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
        finally
        {
            _closed.TrySetResult();
            foreach (RawStream stream in _streams.Values)
                stream.Take([], ended: true, reset: true);
        }
    }

    private static int BodyLength(byte[] frame) => frame[1] == Data ? (int)BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(8)) : 0;

    private async Task TakeAsync(byte[] frame)
    {
        ushort flags = BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(2));
        uint id = BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(4));
        uint length = BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(8));
        switch (frame[1])
        {
            case Ping when (flags & Syn) != 0:
                await SendAsync(Frame(Ping, Ack, 0, length));
                return;
            case Ping:
                if (_pings.TryRemove(length, out TaskCompletionSource? answered))
                    answered.TrySetResult();
                return;
            case GoAway:
                GoAwayCode = length;
                return;
        }
        if ((flags & Syn) != 0)
            await AcceptAsync(id);
        if (!_streams.TryGetValue(id, out RawStream? stream))
            return;
        if (frame[1] == Data && length > 0 && Reads)
            await SendAsync(Frame(WindowUpdate, 0, id, length));
        if (frame[1] == WindowUpdate)
            stream.Credit(length);
        stream.Take(frame.AsSpan(HeaderBytes), (flags & Fin) != 0, (flags & Rst) != 0);
    }

    private async Task AcceptAsync(uint id)
    {
        var stream = new RawStream(this, id);
        _streams[id] = stream;
        await SendAsync(Frame(WindowUpdate, Ack, id, 0));
        if (_serve is not null)
            _ = _serve(stream);
    }
}
