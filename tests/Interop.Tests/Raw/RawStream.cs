using System.Text;

namespace P2PMiner.Interop.Tests.Raw;

/// <summary>One stream of a <see cref="RawYamux"/>.</summary>
internal sealed class RawStream(RawYamux session, uint id)
{
    private readonly Lock _lock = new();
    private readonly List<byte> _received = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;
    private bool _reset;
    private long _window = 256 * 1024;

    public uint Id { get; } = id;

    public bool IsReset
    {
        get
        {
            lock (_lock)
                return _reset;
        }
    }

    /// <summary>Sends data in frames of at most 64 KiB, without asking whether the window has room.</summary>
    public async Task SendAsync(byte[] bytes)
    {
        Interlocked.Add(ref _window, -bytes.Length);
        foreach (byte[] part in bytes.Chunk(65_536))
            await session.SendAsync(RawYamux.DataFrame(Id, part));
    }

    /// <summary>Sends data as far as the window allows, and waits for more window; gives up when the stream ends.</summary>
    public async Task SendPacedAsync(byte[] bytes)
    {
        for (int sent = 0; sent < bytes.Length;)
        {
            int room = 0;
            await UntilAsync(
                () =>
                {
                    room = (int)Math.Min(_window, 65_536);
                    return room > 0 || _ended || _reset;
                },
                $"window of stream {Id}");
            if (room == 0)
                return;
            byte[] part = bytes[sent..Math.Min(bytes.Length, sent + room)];
            Interlocked.Add(ref _window, -part.Length);
            await session.SendAsync(RawYamux.DataFrame(Id, part));
            sent += part.Length;
        }
    }

    /// <summary>The host lets us send so much more.</summary>
    public void Credit(uint bytes)
    {
        Interlocked.Add(ref _window, bytes);
        Take([], ended: false, reset: false);
    }

    public Task CloseAsync() => session.SendAsync(RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Fin, Id, 0));

    /// <exception cref="EndOfStreamException">The host closed or reset the stream before.</exception>
    public async Task<byte[]> ReadExactlyAsync(int count)
    {
        await UntilAsync(() => _received.Count >= count || _ended || _reset, $"{count} bytes on stream {Id}");
        lock (_lock)
        {
            if (_received.Count < count)
                throw new EndOfStreamException($"the host {(_reset ? "reset" : "closed")} stream {Id} after {_received.Count} of {count} bytes");
            byte[] bytes = [.. _received.Take(count)];
            _received.RemoveRange(0, count);
            return bytes;
        }
    }

    public async Task<ulong> ReadVarintAsync()
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = (await ReadExactlyAsync(1))[0];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
    }

    /// <summary>A message of multistream-select, without its newline.</summary>
    public async Task<string> ReadLineAsync() =>
        Encoding.UTF8.GetString(await ReadExactlyAsync((int)await ReadVarintAsync())).TrimEnd('\n');

    /// <summary>A message behind its length.</summary>
    public async Task<byte[]> ReadDelimitedAsync() => await ReadExactlyAsync((int)await ReadVarintAsync());

    public Task UntilResetAsync() => UntilAsync(() => _reset, $"the host resets stream {Id}");

    public Task UntilEndedAsync() => UntilAsync(() => _ended || _reset, $"the host ends stream {Id}");

    public void Take(ReadOnlySpan<byte> data, bool ended, bool reset)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _received.AddRange(data);
            _ended |= ended;
            _reset |= reset;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.SetResult();
    }

    private Task UntilAsync(Func<bool> condition, string what) => InTime.DoAsync(
        async token =>
        {
            while (true)
            {
                Task changed;
                lock (_lock)
                {
                    if (condition())
                        return;
                    changed = _changed.Task;
                }
                await changed.WaitAsync(token);
            }
        },
        what);
}
