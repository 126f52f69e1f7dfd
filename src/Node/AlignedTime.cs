namespace P2PMiner.Node;

/// <summary>
/// A clock whose periodic timers tick together, once a second where they may: to wake a process that sleeps takes more processor time than
/// most timers' work. A timer's first tick comes when it is due; only those that follow are moved, and none comes sooner than asked for.
/// </summary>
/// <param name="inner">The clock itself.</param>
/// <param name="milliseconds">What <paramref name="inner"/>'s timers run by.</param>
internal sealed class AlignedTime(TimeProvider inner, Func<long> milliseconds) : TimeProvider
{
    private const long Grid = 1000;

    /// <summary>So that the nodes of one machine do not tick together.</summary>
    private readonly long _start = milliseconds();

    public override TimeZoneInfo LocalTimeZone => inner.LocalTimeZone;

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (period < TimeSpan.FromMilliseconds(Grid / 2))
            return inner.CreateTimer(callback, state, dueTime, period);
        var timer = new AlignedTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private TimeSpan ToNextTick(TimeSpan period)
    {
        long length = (long)period.TotalMilliseconds, grid = Math.Min(length, Grid), surplus = (milliseconds() - _start + length) % grid;
        return TimeSpan.FromMilliseconds(length + (surplus == 0 ? 0 : grid - surplus));
    }

    private ITimer CreateInner(TimerCallback callback, object? state) =>
        inner.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    private sealed class AlignedTimer : ITimer
    {
        private readonly AlignedTime _time;
        private readonly TimerCallback _callback;
        private readonly ITimer _timer;
        private readonly Lock _lock = new();

        /// <summary>Null as soon as the inner timer goes by itself.</summary>
        private TimeSpan? _period;

        public AlignedTimer(AlignedTime time, TimerCallback callback, object? state)
        {
            (_time, _callback) = (time, callback);
            _timer = time.CreateInner(Tick, state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_lock)
            {
                _period = period > TimeSpan.Zero ? period : null;
                return _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
            }
        }

        public void Dispose() => _timer.Dispose();

        public ValueTask DisposeAsync() => _timer.DisposeAsync();

        private void Tick(object? state)
        {
            lock (_lock)
            {
                if (_period is TimeSpan period)
                    _timer.Change(_time.ToNextTick(period), period);
                _period = null;
            }
            _callback(state);
        }
    }
}
