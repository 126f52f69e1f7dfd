namespace P2PMiner.P2P.Yamux;

/// <summary>Looks after a session by the clock: pings, and ends it when the remote is dead or does not read.</summary>
internal sealed class YamuxWatch(YamuxSession session, YamuxOptions options, TimeProvider time) : IDisposable
{
    /// <summary>How often it looks.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    /// <summary>After this, a remote that has shown nothing counts as ready for any number of streams.</summary>
    internal static readonly TimeSpan EarlyTime = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private ITimer? _timer;
    private bool _disposed;
    private bool _hasLooked;
    private long _lastPing;
    private long _lastReads;
    private long _lastRead;
    private long _lastBatches;
    private long _lastBatch;

    internal void Start()
    {
        _lastPing = _lastRead = _lastBatch = time.GetTimestamp();
        Ping();
        lock (_lock)
        {
            if (!_disposed)
                _timer = time.CreateTimer(static watch => ((YamuxWatch)watch!).Look(), this, EarlyTime, Period);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _timer?.Dispose();
        }
    }

    private void Look()
    {
        session.OnRemoteReady();
        long now = time.GetTimestamp();
        if (session.Reads != _lastReads)
            (_lastReads, _lastRead) = (session.Reads, now);
        if (session.Writer.IsIdle || session.Writer.Batches != _lastBatches)
            (_lastBatches, _lastBatch) = (session.Writer.Batches, now);
        if (session.Pings.Outstanding > options.KeepAliveTimeout && time.GetElapsedTime(_lastRead, now) > options.KeepAliveTimeout)
            session.End("the remote does not answer", null, null);
        else if (time.GetElapsedTime(_lastBatch, now) > options.WriteTimeout)
            session.End("the remote does not read", null, null);
        else if (!_hasLooked || time.GetElapsedTime(_lastPing, now) >= options.KeepAliveInterval)
            Ping();
        // The first ping went out while both sides were busy setting up: the one at the first look measures the path.
        _hasLooked = true;
    }

    private void Ping()
    {
        _lastPing = time.GetTimestamp();
        session.Pings.Begin(out FrameHeader? frame);
        if (frame is { } header)
            session.SendControl(header);
    }
}
