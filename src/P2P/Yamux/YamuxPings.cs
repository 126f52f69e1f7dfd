using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Yamux;

/// <summary>Our pings: one at a time, since js-libp2p knows no more; who asks while one is under way shares its answer. Thread-safe.</summary>
internal sealed class YamuxPings(TimeProvider time)
{
    /// <summary>How long a measurement stands against longer ones, which queues and busy machines cause; then the path may have changed.</summary>
    internal static readonly TimeSpan Memory = TimeSpan.FromMinutes(5);

    private const long Unknown = -1;

    private readonly Lock _lock = new();
    private TaskCompletionSource<TimeSpan>? _active;
    private YamuxFailure? _failure;
    private uint _value;
    private long _sent;
    private long _roundTrip = Unknown;
    private long _measured;

    /// <summary>The shortest round trip of the last minutes; null before the first.</summary>
    internal TimeSpan? RoundTrip => Volatile.Read(ref _roundTrip) is long ticks and not Unknown ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>Since when a ping has been without answer; null if none is under way.</summary>
    internal TimeSpan? Outstanding
    {
        get
        {
            lock (_lock)
                return _active is null ? null : time.GetElapsedTime(_sent);
        }
    }

    /// <summary>Begins a ping or joins the one under way.</summary>
    /// <param name="frame">What is to be sent; null if nothing.</param>
    /// <exception cref="ConnectionClosedException">The session has ended.</exception>
    internal Task<TimeSpan> Begin(out FrameHeader? frame)
    {
        lock (_lock)
        {
            frame = null;
            if (_failure is { } failure)
                return Task.FromException<TimeSpan>(failure.ToException());
            if (_active is not null)
                return _active.Task;
            _active = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
            _sent = time.GetTimestamp();
            frame = new FrameHeader(FrameType.Ping, FrameFlags.Syn, 0, ++_value);
            return _active.Task;
        }
    }

    /// <summary>An answer came; one that was not asked for means nothing.</summary>
    internal void OnAnswer(uint value)
    {
        lock (_lock)
        {
            if (_active is null || value != _value)
                return;
            TimeSpan roundTrip = time.GetElapsedTime(_sent);
            Remember(roundTrip);
            _active.SetResult(roundTrip);
            _active = null;
        }
    }

    private void Remember(TimeSpan roundTrip)
    {
        if (_roundTrip != Unknown && roundTrip.Ticks > _roundTrip && time.GetElapsedTime(_measured) < Memory)
            return;
        Volatile.Write(ref _roundTrip, roundTrip.Ticks);
        _measured = time.GetTimestamp();
    }

    internal void Fail(YamuxFailure failure)
    {
        lock (_lock)
        {
            _failure ??= failure;
            _active?.SetException(failure.ToException());
            // Nobody may be waiting for a ping that only keeps the connection alive; reading the exception marks it as seen.
            _ = _active?.Task.Exception;
            _active = null;
        }
    }
}
