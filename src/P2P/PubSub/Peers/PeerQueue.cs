using System.Buffers;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.PubSub.Peers;

/// <summary>
/// Frames that wait to be sent to one peer: control before own messages before forwarded ones. Messages are the same arrays for all
/// peers. Overflow: of forwarded messages the oldest is dropped, for the newest are worth most and any can still be asked for; an own one,
/// or control, is refused.
/// </summary>
/// <param name="maxBytes">Of own messages, and of forwarded ones.</param>
/// <param name="writers">Wakes those who write what is queued.</param>
internal sealed class PeerQueue(int maxBytes, WriterTurns writers)
{
    /// <summary>Control frames that may wait; a peer that leaves more unread has stopped listening.</summary>
    internal const int MaxControlFrames = 4096;

    /// <summary>Bytes of control that may wait.</summary>
    internal const int MaxControlBytes = 2 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly FrameLane _control = new(MaxControlFrames, MaxControlBytes);
    private readonly FrameLane _own = new(int.MaxValue, maxBytes);
    private readonly FrameLane _forwarded = new(int.MaxValue, maxBytes);
    private readonly AsyncSignal _filled = new();
    private TaskCompletionSource? _room;
    private bool _closed;
    private bool _stalled;
    private bool _hasTurn;

    internal int Count
    {
        get
        {
            lock (_lock)
                return _control.Count + _own.Count + _forwarded.Count;
        }
    }

    /// <returns>False if there is no room for it, or the queue is closed.</returns>
    internal bool TryAdd(byte[] frame, Lane lane)
    {
        lock (_lock)
        {
            if (_closed || !TryAdd(LaneOf(lane), frame, dropOldest: lane == Lane.Forwarded))
                return false;
            if (_hasTurn)
                return true;
            _hasTurn = true;
        }
        writers.Add(this);
        return true;
    }

    /// <summary>Lets who waits for something to take go on within this call.</summary>
    internal void WakeWriter()
    {
        lock (_lock)
            _hasTurn = false;
        _filled.Set(inline: true);
    }

    /// <summary>Completes when the lane of own messages is at most half full, or the queue is closed or stalled.</summary>
    internal Task WhenRoom()
    {
        lock (_lock)
        {
            if (_closed || _stalled || _own.Bytes <= maxBytes / 2)
                return Task.CompletedTask;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    /// <summary>Nobody waits for room any more until something was taken.</summary>
    internal void SetStalled()
    {
        lock (_lock)
            _stalled = _own.Bytes > maxBytes / 2;
    }

    /// <summary>Waits until there may be something to take. One at a time.</summary>
    /// <returns>False when the queue is closed and empty.</returns>
    internal async ValueTask<bool> WaitAsync(CancellationToken cancellation)
    {
        if (!IsClosed)
        {
            using CancellationTokenRegistration ended = cancellation.UnsafeRegister(static filled => ((AsyncSignal)filled!).Set(), _filled);
            await _filled.WaitAsync().ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
        }
        return !IsClosed || Count > 0;
    }

    /// <summary>Takes frames, joined into one piece for one write. A frame larger than the piece comes alone and uncopied.</summary>
    /// <param name="maxPiece">Bytes of a piece.</param>
    /// <param name="rented">To be given back to the shared pool after the write, if not null.</param>
    /// <returns>Empty if nothing waits.</returns>
    internal ReadOnlyMemory<byte> Take(int maxPiece, out byte[]? rented)
    {
        TaskCompletionSource? room = null;
        lock (_lock)
        {
            ReadOnlyMemory<byte> piece = Join(maxPiece, out rented);
            _stalled &= piece.IsEmpty;
            if (_own.Bytes <= maxBytes / 2)
                (room, _room) = (_room, null);
            room?.TrySetResult();
            return piece;
        }
    }

    /// <summary>Takes no more frames; what is there can still be taken.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            _closed = true;
            _room?.TrySetResult();
            _room = null;
        }
        _filled.Set();
    }

    private bool IsClosed
    {
        get
        {
            lock (_lock)
                return _closed;
        }
    }

    private FrameLane LaneOf(Lane lane) => lane switch
    {
        Lane.Control => _control,
        Lane.Own => _own,
        _ => _forwarded,
    };

    private static bool TryAdd(FrameLane lane, byte[] frame, bool dropOldest)
    {
        while (!lane.HasRoom(frame.Length))
        {
            if (!dropOldest || lane.Count == 0)
                return false;
            lane.Take();
            PubSubMetrics.Dropped.Add(1);
        }
        lane.Add(frame);
        return true;
    }

    private ReadOnlyMemory<byte> Join(int maxPiece, out byte[]? rented)
    {
        rented = null;
        int size = Math.Min(maxPiece, _control.Bytes + _own.Bytes + _forwarded.Bytes);
        if (size == 0 || NextLane() is not { } lane)
            return default;
        if (lane.Peek().Length >= size)
            return lane.Take();
        rented = ArrayPool<byte>.Shared.Rent(size);
        int length = 0;
        while (lane is not null && length + lane.Peek().Length <= rented.Length)
        {
            byte[] frame = lane.Take();
            frame.CopyTo(rented, length);
            length += frame.Length;
            lane = NextLane();
        }
        return rented.AsMemory(0, length);
    }

    private FrameLane? NextLane() =>
        _control.Count > 0 ? _control : _own.Count > 0 ? _own : _forwarded.Count > 0 ? _forwarded : null;

    private sealed class FrameLane(int maxFrames, int maxBytes)
    {
        private readonly Queue<byte[]> _frames = new();

        internal int Count => _frames.Count;

        internal int Bytes { get; private set; }

        internal bool HasRoom(int size) => _frames.Count < maxFrames && Bytes + size <= maxBytes;

        internal void Add(byte[] frame)
        {
            _frames.Enqueue(frame);
            Bytes += frame.Length;
        }

        internal byte[] Peek() => _frames.Peek();

        internal byte[] Take()
        {
            byte[] frame = _frames.Dequeue();
            Bytes -= frame.Length;
            return frame;
        }
    }
}
