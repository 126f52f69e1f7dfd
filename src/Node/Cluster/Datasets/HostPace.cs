namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>
/// How fast a host sends chunks, by what it has sent so far and by what is on its way; how many to ask it for at once, and whether it is
/// worth asking. Thread-safe.
/// </summary>
/// <param name="time">Measures.</param>
internal sealed class HostPace(TimeProvider time)
{
    /// <summary>Of the time that this machine takes for a chunk, a host may take so much more.</summary>
    public const double Worth = 20;

    /// <summary>Chunks of one request.</summary>
    public const int Most = 16;

    /// <summary>A rate that was measured so long ago tells nothing any more.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(5);

    /// <summary>A request takes about so long: enough to forget the way to the host and back, and little to be given back.</summary>
    private const double Seconds = 0.5;

    /// <summary>Seconds of runs before a host is found too slow: its first chunk comes while its line gathers speed, and may wait for a thread here.</summary>
    private const double Warming = 5;

    /// <summary>The weight of a run when the next has come. Chunks and time are averaged apart: a run that was waiting to be read takes no time.</summary>
    private const double Earlier = 0.5;

    private readonly Lock _lock = new();
    private double _chunks;
    private double _seconds;
    private double _watched;
    private long? _measured;
    private long? _started;
    private int _arrived;

    /// <summary>Whether it was measured, and not too long ago.</summary>
    public bool IsKnown
    {
        get
        {
            lock (_lock)
                return IsMeasured;
        }
    }

    /// <summary>Chunks per second of its last runs; 0 when it is not known.</summary>
    public double Rate
    {
        get
        {
            lock (_lock)
                return IsMeasured ? MeasuredRate : 0;
        }
    }

    /// <summary>Chunks per second that it makes at most, for all that is known: one that is silent gets slower by the moment.</summary>
    public double Estimate
    {
        get
        {
            lock (_lock)
            {
                double known = IsMeasured ? MeasuredRate : double.PositiveInfinity;
                return _started is long started ? Math.Min(known, PerSecond(_arrived + 1, time.GetElapsedTime(started).TotalSeconds)) : known;
            }
        }
    }

    /// <summary>Chunks to ask for next.</summary>
    public int Next => Math.Clamp((int)(Rate * Seconds), 1, Most);

    private double MeasuredRate => PerSecond(_chunks, _seconds);

    private bool IsMeasured => _measured is long at && time.GetElapsedTime(at) < Memory;

    /// <summary>From now on chunks are waited for.</summary>
    public void Begin()
    {
        lock (_lock)
            (_started, _arrived) = (time.GetTimestamp(), 0);
    }

    /// <summary>A chunk of the run has come.</summary>
    public void Arrive()
    {
        lock (_lock)
            _arrived++;
    }

    /// <summary>None is waited for any more.</summary>
    /// <param name="counts">Whether what has come since <see cref="Begin"/> tells how fast the host is.</param>
    public void End(bool counts)
    {
        lock (_lock)
        {
            if (_started is long started && counts)
            {
                if (!IsMeasured)
                    (_chunks, _seconds, _watched) = (0, 0, 0);
                double elapsed = time.GetElapsedTime(started).TotalSeconds;
                _chunks = Earlier * _chunks + _arrived;
                _seconds = Earlier * _seconds + elapsed;
                _watched += elapsed;
                _measured = time.GetTimestamp();
            }
            _started = null;
        }
    }

    /// <summary>Whether its chunks make a difference beside those that are computed here, at <paramref name="localRate"/> per second; so it is until it is known.</summary>
    public bool IsWorthIt(double localRate)
    {
        lock (_lock)
            return !IsMeasured || _watched < Warming || MeasuredRate * Worth >= localRate;
    }

    private static double PerSecond(double chunks, double seconds) => chunks / Math.Max(seconds, 1e-6);
}
