using System.Threading.Tasks.Sources;

namespace P2PMiner.P2P.Yamux;

/// <summary>The half of a stream that the remote writes: what was received and not read, and the reader that waits for it.</summary>
/// <remarks>One reader at a time; the session's reading loop delivers. Bytes go straight to a reader that waits.</remarks>
internal sealed class ReceiveSide(ReceiveWindow window, ConnectionMemory memory) : IValueTaskSource<int>
{
    private readonly Lock _lock = new();
    private readonly SegmentQueue _unread = new();
    private ManualResetValueTaskSourceCore<int> _source = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellation;
    private Memory<byte> _target;
    private bool _waiting;
    private bool _finished;
    private bool _windowClosed;
    private YamuxFailure? _failure;
    private long _charged;

    /// <summary>True if a reader goes on within the reading loop; see <see cref="Streams.PeerStream.RunsInline"/>.</summary>
    internal bool IsInline { get; set; }

    /// <summary>Bytes received and not read.</summary>
    internal long Unread
    {
        get
        {
            lock (_lock)
                return _unread.Length;
        }
    }

    /// <summary>Size of the window in bytes.</summary>
    internal long WindowSize
    {
        get
        {
            lock (_lock)
                return window.Size;
        }
    }

    /// <summary>Reads, or waits for something to read.</summary>
    /// <param name="buffer">Empty: waits only.</param>
    /// <param name="roundTrip">Of the connection, if known.</param>
    /// <param name="grant">What the remote is to be granted, 0 for nothing.</param>
    /// <param name="cancellation">Ends the wait; nothing is lost.</param>
    internal ValueTask<int> ReadAsync(Memory<byte> buffer, TimeSpan? roundTrip, out uint grant, CancellationToken cancellation)
    {
        grant = 0;
        short token;
        lock (_lock)
        {
            if (_waiting)
                throw new InvalidOperationException("another read is under way");
            if (_unread.Length > 0)
                return new ValueTask<int>(ReadUnread(buffer.Span, roundTrip, out grant));
            if (_finished)
                return new ValueTask<int>(0);
            if (_failure is { } failure)
                return ValueTask.FromException<int>(failure.ToException());
            if (cancellation.IsCancellationRequested)
                return ValueTask.FromCanceled<int>(cancellation);
            _source.Reset();
            token = _source.Version;
            _waiting = true;
            _target = buffer;
            _cancellation = cancellation;
        }
        if (cancellation.CanBeCanceled)
            _registration = cancellation.UnsafeRegister(static (side, token) => ((ReceiveSide)side!).Cancel(token), this);
        return new ValueTask<int>(this, token);
    }

    /// <summary>Announces the body of a data frame; false if it does not fit the window.</summary>
    internal bool TryBeginFrame(uint length)
    {
        lock (_lock)
            return window.Allows(length);
    }

    /// <summary>Takes a part of a body.</summary>
    /// <returns>False if there is no memory for it: the stream is to be reset.</returns>
    internal bool Deliver(ReadOnlySpan<byte> bytes, TimeSpan? roundTrip, out uint grant)
    {
        grant = 0;
        int? read = null;
        bool hasMemory;
        lock (_lock)
        {
            if (_failure is not null || bytes.IsEmpty)
                return true;
            window.Receive(bytes.Length);
            if (_waiting)
            {
                read = Math.Min(bytes.Length, _target.Length);
                bytes[..read.Value].CopyTo(_target.Span);
                bytes = bytes[read.Value..];
                _waiting = false;
                _target = default;
            }
            _unread.Append(bytes);
            grant = window.TakeGrant(_unread.Length, roundTrip);
            hasMemory = TryCharge();
        }
        if (read is int count)
            EndRead(count);
        return hasMemory;
    }

    /// <summary>The remote closed its side: reading ends after what is here.</summary>
    internal void Finish()
    {
        lock (_lock)
        {
            _finished = true;
            CloseWindow();
            if (!_waiting)
                return;
            _waiting = false;
            _target = default;
            _source.RunContinuationsAsynchronously = true;
            _source.SetResult(0);
        }
    }

    /// <summary>The remote reset the stream. What it sent completely, to its FIN, may still be read.</summary>
    internal void FailFromRemote(YamuxFailure failure) => Fail(failure, static side => side._finished);

    /// <summary>The connection ended: what is here may still be read.</summary>
    internal void FailAfterUnread(YamuxFailure failure) => Fail(failure, static _ => true);

    /// <summary>Nobody wants to read any more.</summary>
    internal void Discard(YamuxFailure failure) => Fail(failure, static _ => false);

    private void Fail(YamuxFailure failure, Func<ReceiveSide, bool> keepUnread)
    {
        lock (_lock)
        {
            bool keep = keepUnread(this);
            if (!keep)
            {
                // A reader must not take what is missing for the end.
                _finished = _finished && _unread.Length == 0;
                _unread.Clear();
            }
            _failure ??= failure;
            CloseWindow();
            if (_waiting)
                FailWait(failure.ToException());
        }
    }

    private int ReadUnread(Span<byte> buffer, TimeSpan? roundTrip, out uint grant)
    {
        int count = _unread.Read(buffer);
        TryCharge();
        grant = _finished || _failure is not null ? 0 : window.TakeGrant(_unread.Length, roundTrip);
        return count;
    }

    private void CloseWindow()
    {
        window.Close();
        _windowClosed = true;
        TryCharge();
    }

    // What is above the initial window has been paid for when the window grew, until that is given back.
    private bool TryCharge()
    {
        long charge = _windowClosed ? _unread.Capacity : Math.Min(_unread.Capacity, ReceiveWindow.Initial);
        long change = charge - _charged;
        if (change > 0 && !memory.TryReserve(change))
            return false;
        if (change < 0)
            memory.Release(-change);
        _charged = charge;
        return true;
    }

    private void Cancel(CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_waiting && _cancellation == cancellation)
                FailWait(new OperationCanceledException(cancellation));
        }
    }

    /// <summary>Wakes the reader, under no lock: it may go on in here, and read again.</summary>
    private void EndRead(int count)
    {
        _source.RunContinuationsAsynchronously = !IsInline;
        _source.SetResult(count);
    }

    private void FailWait(Exception exception)
    {
        _waiting = false;
        _target = default;
        _source.RunContinuationsAsynchronously = true;
        _source.SetException(exception);
    }

    int IValueTaskSource<int>.GetResult(short token)
    {
        _registration.Unregister();
        _registration = default;
        return _source.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
