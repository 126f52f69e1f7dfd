using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Yamux;

/// <summary>
/// Everything that a session sends. Frames are gathered in a batch while the batch before it is being written, so that small frames
/// share a system call; control frames go to the front of the batch.
/// </summary>
/// <remarks>
/// A batch holds <see cref="MaxBatch"/> bytes. Writes that find it full stand in line, and so do streams that got window again: from the
/// line each stream is served a quantum in turn, which keeps one that sends much from holding up the others. Control frames find room
/// beyond the limit; if even that is used up, the remote does not read, and the session ends.
/// </remarks>
internal sealed class YamuxWriter(Stream secure)
{
    /// <summary>A little under 128 KiB: with the overhead of two Noise frames it fits a pooled array of that size.</summary>
    internal const int MaxBatch = (128 * 1024) - 36;

    /// <summary>Room for the control frames at the front of a batch; more of them go where they fall.</summary>
    internal const int ControlRoom = 42 * FrameHeader.Size;

    /// <summary>What a full batch takes of control frames in addition.</summary>
    internal const int MaxControlBacklog = 64 * 1024;

    /// <summary>The longest body of a data frame; go-libp2p sends no longer ones either.</summary>
    internal const int MaxBody = 64 * 1024;

    /// <summary>What a stream may send in its turn while others stand in line.</summary>
    internal const int Quantum = 16 * 1024;

    /// <summary>Less room than this is left unused, rather than cut a body into crumbs.</summary>
    private const int MinRoom = 1024;

    private const int FirstBuffer = 4096;

    private readonly Lock _lock = new();
    private readonly AsyncSignal _work = new();
    private byte[]? _batch;
    private int _controlEnd;
    private int _end;
    private SendSide? _lastSender;
    private int _lastHeader;
    private int _lastLength;
    private SendSide? _firstInLine;
    private SendSide? _lastInLine;
    private YamuxFailure? _failure;
    private bool _finishing;
    private bool _finished;
    private long _batches;

    /// <summary>Data frames begun so far.</summary>
    internal long DataFrames { get; private set; }

    /// <summary>Batches handed to the secured stream; if it stands still while <see cref="IsIdle"/> is false, the remote does not read.</summary>
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
                await secure.WriteAsync(bytes).ConfigureAwait(false);
                ArrayPool<byte>.Shared.Return(buffer);
                P2PMetrics.BytesSent.Add(bytes.Length);
                Volatile.Write(ref _batches, _batches + 1);
            }
            if (_finished)
                return;
            await _work.WaitAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Sends what is gathered. Only <see cref="AddControl"/> needs it.</summary>
    internal void Flush()
    {
        bool hasWork;
        lock (_lock)
        {
            hasWork = IsIdle && (_batch is not null || _firstInLine is not null);
            IsIdle &= !hasWork;
        }
        if (hasWork)
            _work.Set();
    }

    /// <summary>Queues a frame without body before the data that waits; it goes out with the next <see cref="Flush"/> at the latest.</summary>
    /// <returns>False if so many stand there already that the remote cannot be reading.</returns>
    internal bool AddControl(FrameHeader header)
    {
        lock (_lock)
        {
            if (_failure is not null || _finishing)
                return true;
            EnsureRoom(FrameHeader.Size);
            if (_controlEnd < ControlRoom)
            {
                header.Write(_batch.AsSpan(_controlEnd));
                _controlEnd += FrameHeader.Size;
                return true;
            }
            if (_end > MaxBatch + MaxControlBacklog - FrameHeader.Size)
                return false;
            AddInOrder(header);
            return true;
        }
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
        Flush();
        return data.IsEmpty ? ValueTask.CompletedTask : side.WaitAsync(write, cancellation);
    }

    /// <summary>Sends our FIN, after the data. Harmless if it has been sent, or the stream failed.</summary>
    internal void Finish(SendSide side)
    {
        lock (_lock)
        {
            if (side.IsFinished || (side.Failure ?? _failure) is not null || _finishing)
                return;
            if (side.IsWriting)
                throw new InvalidOperationException("a write is under way");
            side.IsFinished = true;
            EnsureRoom(FrameHeader.Size);
            AddInOrder(new FrameHeader(FrameType.WindowUpdate, FrameFlags.Fin, side.StreamId, 0));
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
            if (_finishing)
                return;
            _failure = failure;
            if (last is { } header)
            {
                EnsureRoom(FrameHeader.Size);
                AddInOrder(header);
            }
            _finishing = true;
        }
        _work.Set();
    }

    private bool TryTakeBatch([NotNullWhen(true)] out byte[]? buffer, out Memory<byte> bytes)
    {
        lock (_lock)
        {
            ServeLine();
            buffer = _batch;
            bytes = default;
            IsIdle = buffer is null;
            _finished = buffer is null && _finishing;
            if (buffer is null)
                return false;
            // The control frames move up to the data: what goes out is one piece.
            int start = ControlRoom - _controlEnd;
            buffer.AsSpan(0, _controlEnd).CopyTo(buffer.AsSpan(start));
            bytes = buffer.AsMemory(start, _end - start);
            _batch = null;
            _lastSender = null;
            // The next batch fills while this one is being written.
            ServeLine();
            return true;
        }
    }

    private void ServeLine()
    {
        while (!_finishing && _firstInLine is { } side && HasRoom(MinRoom))
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
        int total = 0;
        while (total < limit && HasRoom(Math.Min(limit - total, MinRoom)))
        {
            int count = Math.Min(limit - total, MaxBatch - CurrentEnd - FrameHeader.Size);
            total += AddFrame(side, data.Slice(total, Math.Min(count, MaxBody)));
        }
        side.Window -= total;
        return total;
    }

    private int AddFrame(SendSide side, ReadOnlySpan<byte> body)
    {
        EnsureRoom(FrameHeader.Size + body.Length);
        // What the same stream sent last, if nothing came after it, only gets longer.
        if (_lastSender != side || _lastLength + body.Length > MaxBody)
        {
            _lastSender = side;
            _lastHeader = _end;
            _lastLength = 0;
            _end += FrameHeader.Size;
            DataFrames++;
        }
        body.CopyTo(_batch.AsSpan(_end));
        _end += body.Length;
        _lastLength += body.Length;
        new FrameHeader(FrameType.Data, FrameFlags.None, side.StreamId, (uint)_lastLength).Write(_batch.AsSpan(_lastHeader));
        return body.Length;
    }

    private void AddInOrder(FrameHeader header)
    {
        header.Write(_batch.AsSpan(_end));
        _end += FrameHeader.Size;
        _lastSender = null;
    }

    private int CurrentEnd => _batch is null ? ControlRoom : _end;

    private bool HasRoom(int body) => CurrentEnd + FrameHeader.Size + body <= MaxBatch;

    private void EnsureRoom(int count)
    {
        if (_batch is null)
        {
            _controlEnd = 0;
            _end = ControlRoom;
        }
        else if (_end + count <= _batch.Length)
        {
            return;
        }
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBuffer, _end + count));
        if (_batch is not null)
        {
            _batch.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_batch);
        }
        _batch = larger;
    }
}
