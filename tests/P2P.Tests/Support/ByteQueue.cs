namespace P2PMiner.P2P.Tests.Support;

/// <summary>
/// Bytes on their way in one direction: bounded, delayed by a latency on the test's clock, and breakable from any thread.
/// One reader and one writer at a time.
/// </summary>
internal sealed class ByteQueue(TimeProvider time, Func<TimeSpan>? latency = null, int capacity = ByteQueue.DefaultCapacity)
{
    /// <summary>As much as a fresh Yamux window.</summary>
    public const int DefaultCapacity = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<Chunk> _chunks = new();
    private TaskCompletionSource _changed = NewSignal();
    private DateTimeOffset _lastDue;
    private DateTimeOffset? _endDue;
    private Func<Exception>? _failure;
    private int _held;
    private int _read;

    /// <summary>True when the writer ended it, or it broke: nothing more comes.</summary>
    public bool IsEnded
    {
        get
        {
            lock (_lock)
                return _endDue is not null || _failure is not null;
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (!bytes.IsEmpty)
        {
            Task wait;
            lock (_lock)
            {
                ThrowIfBroken();
                if (_endDue is not null)
                    throw new IOException("written after the end");
                int room = Math.Min(capacity - _held, bytes.Length);
                if (room > 0)
                {
                    _chunks.Enqueue(new Chunk(bytes[..room].ToArray(), NextDue()));
                    _held += room;
                    bytes = bytes[room..];
                    Signal();
                    continue;
                }
                wait = _changed.Task;
            }
            await wait.WaitAsync(cancellation);
        }
        cancellation.ThrowIfCancellationRequested();
    }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (true)
        {
            Task wait;
            TimeSpan delay;
            lock (_lock)
            {
                ThrowIfBroken();
                if (TryRead(buffer.Span, out int count))
                    return count;
                wait = _changed.Task;
                delay = UntilDue();
            }
            if (delay != Timeout.InfiniteTimeSpan)
                wait = Task.WhenAny(wait, Task.Delay(delay, time, cancellation));
            await wait.WaitAsync(cancellation);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>No more bytes: the reader gets 0 after what was written.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _endDue ??= NextDue();
            Signal();
        }
    }

    /// <summary>Both ends throw from now on; what was not read is lost. Without effect on a queue read to its end.</summary>
    public void Fail(Func<Exception> failure)
    {
        lock (_lock)
        {
            if (_endDue is not null && _chunks.Count == 0 && _failure is null && _endDue <= time.GetUtcNow())
                return;
            _failure ??= failure;
            _chunks.Clear();
            Signal();
        }
    }

    private bool TryRead(Span<byte> buffer, out int count)
    {
        count = 0;
        DateTimeOffset now = time.GetUtcNow();
        while (count < buffer.Length && _chunks.TryPeek(out Chunk chunk) && chunk.Due <= now)
        {
            ReadOnlySpan<byte> rest = chunk.Bytes.AsSpan(_read);
            int part = Math.Min(rest.Length, buffer.Length - count);
            rest[..part].CopyTo(buffer[count..]);
            count += part;
            _held -= part;
            _read += part;
            if (_read < chunk.Bytes.Length)
                continue;
            _chunks.Dequeue();
            _read = 0;
        }
        if (count > 0)
            Signal();
        bool readable = _chunks.TryPeek(out Chunk next) && next.Due <= now;
        return count > 0 || (buffer.IsEmpty && readable) || (_chunks.Count == 0 && _endDue <= now);
    }

    private TimeSpan UntilDue()
    {
        DateTimeOffset? due = _chunks.TryPeek(out Chunk chunk) ? chunk.Due : _endDue;
        return due is { } at ? at - time.GetUtcNow() : Timeout.InfiniteTimeSpan;
    }

    private DateTimeOffset NextDue()
    {
        DateTimeOffset due = time.GetUtcNow() + (latency?.Invoke() ?? TimeSpan.Zero);
        _lastDue = due > _lastDue ? due : _lastDue;
        return _lastDue;
    }

    private void ThrowIfBroken()
    {
        if (_failure is { } failure)
            throw failure();
    }

    private void Signal()
    {
        TaskCompletionSource old = _changed;
        _changed = NewSignal();
        old.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly record struct Chunk(byte[] Bytes, DateTimeOffset Due);
}
