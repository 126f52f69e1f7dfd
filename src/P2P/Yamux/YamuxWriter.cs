using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Yamux;

/// <summary>
/// Everything that a session sends. Frames are gathered in a batch while the batch before it is being written, so that small frames
/// share a system call; control frames go to the front of the batch.
/// </summary>
/// <remarks>
/// Writes that find the batch full stand in line, and so do streams that got window again: from the line each stream is served a quantum
/// in turn, which keeps one that sends much from holding up the others. Control frames find room beyond the limit; if even that is used
/// up, the remote does not read, and the session ends.
/// </remarks>
internal sealed class YamuxWriter(Stream secure)
{
    /// <summary>What a stream may send in its turn while others stand in line.</summary>
    internal const int Quantum = 16 * 1024;

    private readonly Lock _lock = new();
    private readonly AsyncSignal _work = new();
    private readonly SendBatch _batch = new();
    private SendSide? _firstInLine;
    private SendSide? _lastInLine;
    private YamuxFailure? _failure;
    private bool _closing;
    private bool _done;
    private long _batches;

    /// <summary>Data frames begun so far.</summary>
    internal long DataFrames { get; private set; }

    /// <summary>Batches that the secured stream has taken; if the number stands still while there is work, the remote does not read.</summary>
    internal long Batches => Volatile.Read(ref _batches);

    /// <summary>True if everything has been sent.</summary>
    internal bool IsIdle { get; private set; } = true;

    /// <summary>Writes batches until the last frame is out. To be called once.</summary>
    /// <exception cref="IOException">The secured stream broke.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    internal async Task RunAsync()
    {
        while (true)
        {
            while (TryTakeBatch(out byte[]? buffer, out Memory<byte> bytes))
            {
                try
                {
                    await secure.WriteAsync(bytes).ConfigureAwait(false);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
                P2PMetrics.BytesSent.Add(bytes.Length);
                Volatile.Write(ref _batches, _batches + 1);
            }
            if (_done)
                return;
            await _work.WaitAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Sends what is gathered. Only <see cref="AddControl"/> needs it.</summary>
    /// <param name="inline">On this thread, if nothing else is being sent.</param>
    internal void Flush(bool inline = false)
    {
        bool hasWork;
        lock (_lock)
        {
            hasWork = IsIdle && (!_batch.IsEmpty || _firstInLine is not null);
            IsIdle &= !hasWork;
        }
        if (hasWork)
            _work.Set(inline);
    }

    /// <summary>Queues a frame without body before the data that waits; it goes out with the next <see cref="Flush"/> at the latest.</summary>
    /// <returns>False if so many stand there already that the remote cannot be reading.</returns>
    internal bool AddControl(FrameHeader header)
    {
        lock (_lock)
            return _closing || _batch.TryAddControl(header);
    }

    /// <summary>Sends data; done when all of it has been taken over, which waits for the window and for room.</summary>
    internal ValueTask WriteAsync(SendSide side, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        short write;
        lock (_lock)
        {
            if (side.IsWriting)
                throw new InvalidOperationException("another write is under way");
            if (side.IsFinished)
                throw new InvalidOperationException("our side of the stream is closed");
            if ((side.Failure ?? _failure) is { } failure)
                return ValueTask.FromException(failure.ToException());
            if (cancellation.IsCancellationRequested)
                return ValueTask.FromCanceled(cancellation);
            if (_firstInLine is null)
                data = data[AddData(side, data.Span, int.MaxValue)..];
            write = data.IsEmpty ? (short)0 : side.BeginWrite(data, cancellation);
            Queue(side);
        }
        Flush(side.IsInline);
        return data.IsEmpty ? ValueTask.CompletedTask : side.WaitAsync(write, cancellation);
    }

    /// <summary>Sends our FIN, after the data. Harmless if it has been sent, or the stream failed.</summary>
    internal void Finish(SendSide side)
    {
        lock (_lock)
        {
            if (side.IsFinished || (side.Failure ?? _failure) is not null)
                return;
            if (side.IsWriting)
                throw new InvalidOperationException("a write is under way");
            side.IsFinished = true;
            _batch.AddInOrder(new FrameHeader(FrameType.WindowUpdate, FrameFlags.Fin, side.StreamId, 0));
        }
        Flush();
    }

    /// <summary>Adds to what may be sent; false if the sum is more than the protocol can mean.</summary>
    internal bool AddWindow(SendSide side, uint count)
    {
        lock (_lock)
        {
            if (side.Window + count > uint.MaxValue)
                return false;
            side.Window += count;
            Queue(side);
        }
        Flush();
        return true;
    }

    internal void Fail(SendSide side, YamuxFailure failure)
    {
        lock (_lock)
        {
            side.Failure ??= failure;
            if (side.IsWriting)
                side.EndWrite(failure.ToException());
        }
    }

    internal void CancelWrite(SendSide side, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (side.IsWriting && side.Cancellation == cancellation)
                side.EndWrite(new OperationCanceledException(cancellation));
        }
    }

    /// <summary>Sends what has been taken over and then, if there is one, a last frame; all later writes fail.</summary>
    internal void Close(FrameHeader? last, YamuxFailure failure)
    {
        lock (_lock)
        {
            if (_closing)
                return;
            _failure = failure;
            if (last is { } header)
                _batch.AddInOrder(header);
            _closing = true;
        }
        _work.Set();
    }

    /// <summary>After <see cref="Close"/> and the end of <see cref="RunAsync"/>: what could not be sent goes back to the pool.</summary>
    internal void Discard()
    {
        lock (_lock)
        {
            if (!_batch.IsEmpty)
                ArrayPool<byte>.Shared.Return(_batch.Take().Buffer);
        }
    }

    private bool TryTakeBatch([NotNullWhen(true)] out byte[]? buffer, out Memory<byte> bytes)
    {
        lock (_lock)
        {
            ServeLine();
            IsIdle = _batch.IsEmpty;
            _done = IsIdle && _closing;
            (buffer, bytes) = IsIdle ? (null, default) : _batch.Take();
            // The next batch fills while this one is being written.
            ServeLine();
            return buffer is not null;
        }
    }

    private void ServeLine()
    {
        while (!_closing && _firstInLine is { } side && _batch.HasRoom(SendBatch.MinRoom))
        {
            _firstInLine = side.Next;
            side.Next = null;
            side.IsQueued = false;
            if (!side.IsWriting)
                continue;
            int quantum = _firstInLine is null ? int.MaxValue : Quantum;
            side.Rest = side.Rest[AddData(side, side.Rest.Span, quantum)..];
            if (side.Rest.IsEmpty)
                side.EndWrite(null);
            else
                Queue(side);
        }
    }

    /// <summary>Puts a stream into the line if it has something to send and may send it.</summary>
    private void Queue(SendSide side)
    {
        if (side.IsQueued || !side.IsWriting || side.Window == 0)
            return;
        side.IsQueued = true;
        if (_firstInLine is null)
            _firstInLine = side;
        else
            _lastInLine!.Next = side;
        _lastInLine = side;
    }

    /// <summary>Takes over as much as the window, the room and the quantum allow, and returns how much that was.</summary>
    private int AddData(SendSide side, ReadOnlySpan<byte> data, int quantum)
    {
        int limit = (int)Math.Min(Math.Min(data.Length, quantum), side.Window);
        int count = _batch.AddData(side.StreamId, data[..limit], out int frames);
        side.Window -= count;
        DataFrames += frames;
        return count;
    }
}
