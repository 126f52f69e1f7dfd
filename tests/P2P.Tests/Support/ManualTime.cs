namespace P2PMiner.P2P.Tests.Support;

/// <summary>A clock that stands still until a test moves it. Timers fire in the order of their times, each at its own time.</summary>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly SortedSet<Entry> _due = [];
    private DateTimeOffset _now;
    private long _created;

    public ManualTime(DateTimeOffset? start = null) => _now = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Timers that are waiting to fire: what a test of leaks counts.</summary>
    public int PendingTimers
    {
        get
        {
            lock (_lock)
                return _due.Count;
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ManualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock and fires on this thread what is due on the way. What timers start elsewhere may still be running.</summary>
    public void Advance(TimeSpan span)
    {
        DateTimeOffset end = GetUtcNow() + span;
        while (TakeNext(end) is { } timer)
            timer.Fire();
    }

    /// <summary>As <see cref="Advance"/>, but lets the thread pool come to rest after each timer.</summary>
    public async Task AdvanceAsync(TimeSpan span)
    {
        DateTimeOffset end = GetUtcNow() + span;
        await SettleAsync();
        while (TakeNext(end) is { } timer)
        {
            timer.Fire();
            await SettleAsync();
        }
    }

    /// <inheritdoc cref="PoolRest.SettleAsync"/>
    public static Task SettleAsync() => PoolRest.SettleAsync();

    private ManualTimer? TakeNext(DateTimeOffset end)
    {
        lock (_lock)
        {
            Entry next = _due.Min;
            if (next.Timer is null || next.Due > end)
            {
                _now = end > _now ? end : _now;
                return null;
            }
            _due.Remove(next);
            _now = next.Due > _now ? next.Due : _now;
            next.Timer.Rearm(next.Due);
            return next.Timer;
        }
    }

    private readonly record struct Entry(DateTimeOffset Due, long Number, ManualTimer Timer) : IComparable<Entry>
    {
        public int CompareTo(Entry other) => (Due, Number).CompareTo((other.Due, other.Number));
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private Entry? _entry;
        private TimeSpan _period;
        private bool _disposed;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                if (_disposed)
                    return false;
                Forget();
                _period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                    Arm(time._now + dueTime);
                return true;
            }
        }

        /// <summary>Under the clock's lock: the entry was taken out; a periodic timer goes back in.</summary>
        public void Rearm(DateTimeOffset fired)
        {
            _entry = null;
            if (_period > TimeSpan.Zero)
                Arm(fired + _period);
        }

        public void Dispose()
        {
            lock (time._lock)
            {
                _disposed = true;
                Forget();
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Arm(DateTimeOffset due)
        {
            _entry = new Entry(due, time._created++, this);
            time._due.Add(_entry.Value);
        }

        private void Forget()
        {
            if (_entry is { } entry)
                time._due.Remove(entry);
            _entry = null;
        }
    }
}
