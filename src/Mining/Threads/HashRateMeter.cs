namespace P2PMiner.Mining.Threads;

/// <summary>Hashes per second; null until the window has been measured once.</summary>
/// <param name="S10">Over the last 10 s.</param>
/// <param name="S60">Over the last 60 s.</param>
/// <param name="M15">Over the last 15 min.</param>
/// <param name="Max">The highest 10 s rate since start.</param>
public readonly record struct HashRate(double? S10, double? S60, double? M15, double? Max);

/// <summary>
/// Turns a growing count of hashes into rates over sliding windows. Whoever owns the count calls
/// <see cref="Sample"/> about twice a second; times and counts are arguments, so the meter needs no clock.
/// </summary>
public sealed class HashRateMeter
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Medium = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(15);

    // 15 min at two samples a second, with room for a sampler that runs a little faster.
    private const int Capacity = 2048;

    private readonly Lock _lock = new();
    private readonly (TimeSpan Time, long Hashes)[] _samples = new (TimeSpan, long)[Capacity];
    private int _count;
    private int _newest = -1;
    private double? _max;

    /// <summary>Records that <paramref name="totalHashes"/> had been computed at <paramref name="time"/>.</summary>
    /// <param name="time">Since any fixed origin; a time before the last sample's is ignored.</param>
    /// <param name="totalHashes">All hashes so far.</param>
    public void Sample(TimeSpan time, long totalHashes)
    {
        lock (_lock)
        {
            if (_count > 0 && time <= _samples[_newest].Time)
                return;
            _newest = (_newest + 1) % Capacity;
            _samples[_newest] = (time, totalHashes);
            _count = Math.Min(_count + 1, Capacity);
            if (Over(Short) is double rate && rate > (_max ?? 0))
                _max = rate;
        }
    }

    public HashRate Read()
    {
        lock (_lock)
            return new HashRate(Over(Short), Over(Medium), Over(Long), _max);
    }

    /// <summary>The rate since the newest sample that is at least <paramref name="window"/> old.</summary>
    private double? Over(TimeSpan window)
    {
        if (_count == 0)
            return null;
        (TimeSpan Time, long Hashes) newest = _samples[_newest];

        // Samples are in order of time: binary search for the last one at or before the window's start.
        int low = 0;
        int high = _count - 1;
        int found = -1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (At(middle).Time <= newest.Time - window)
                (found, low) = (middle, middle + 1);
            else
                high = middle - 1;
        }
        if (found < 0)
            return null;
        (TimeSpan Time, long Hashes) oldest = At(found);
        return (newest.Hashes - oldest.Hashes) / (newest.Time - oldest.Time).TotalSeconds;
    }

    private (TimeSpan Time, long Hashes) At(int age) => _samples[(_newest - _count + 1 + age + Capacity) % Capacity];
}
