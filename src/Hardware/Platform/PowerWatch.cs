namespace P2PMiner.Hardware;

/// <summary>Tells when the machine changes between mains and battery. Asks again and again, because not every system tells by itself.</summary>
public sealed class PowerWatch : IDisposable
{
    /// <summary>How often the power supply is asked; the answer costs a few small files.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Action<PowerInfo> _changed;
    private readonly string _root;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private volatile PowerInfo _current;
    private bool _disposed;

    /// <summary>Reads the present state at once, without a call of <paramref name="changed"/>, and watches from then on.</summary>
    /// <param name="time">Drives the polling.</param>
    /// <param name="changed">Called with the new state when its source differs, one call at a time, on a timer thread; must return soon.</param>
    /// <param name="root">As for <see cref="HardwareProbe.Read"/>.</param>
    public PowerWatch(TimeProvider time, Action<PowerInfo> changed, string root = "/")
    {
        _changed = changed;
        _root = root;
        _current = HardwareProbe.ReadPower(root);
        _timer = time.CreateTimer(_ => Poll(), null, Interval, Interval);
    }

    /// <summary>The state at the last look.</summary>
    public PowerInfo Current => _current;

    /// <summary>Ends the watch. Waits for a call that is under way; none comes after it.</summary>
    public void Dispose()
    {
        lock (_lock)
            _disposed = true;
        _timer.Dispose();
    }

    private void Poll()
    {
        if (!_lock.TryEnter())
            return;
        try
        {
            if (_disposed)
                return;
            PowerInfo before = _current;
            _current = HardwareProbe.ReadPower(_root);
            if (_current.Source != before.Source)
                _changed(_current);
        }
        finally
        {
            _lock.Exit();
        }
    }
}
