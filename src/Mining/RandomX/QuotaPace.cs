namespace P2PMiner.Mining.RandomX;

/// <summary>
/// Tells threads that compute chunks when to rest, so that others of the process who bring chunks can have the CPU time that it may use in
/// all. Under a quota (cgroups, <c>cpu.max</c>) a low priority does not do that: threads on other CPUs use the quota up as well. Thread-safe.
/// </summary>
/// <remarks>
/// What the others would use shows only while these threads rest: they do so for <see cref="Look"/> at a time, and compute
/// for <see cref="Run"/> when some of the quota was left meanwhile, or nothing was brought.
/// </remarks>
/// <param name="cpus">The quota: CPU time per time, above 0.</param>
/// <param name="used">CPU time of the whole process so far.</param>
/// <param name="time">Measures.</param>
internal sealed class QuotaPace(double cpus, Func<TimeSpan> used, TimeProvider time)
{
    /// <summary>Three of the kernel's usual periods, at whose end the quota is given anew.</summary>
    internal static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);

    internal static readonly TimeSpan Run = TimeSpan.FromSeconds(2);

    /// <summary>So much of the quota used by the rest leaves nothing for these threads.</summary>
    private const double Busy = 0.8;

    private readonly Lock _lock = new();
    private bool _rests = true;
    private long _since = time.GetTimestamp();
    private TimeSpan _usedBefore = used();
    private int _broughtBefore;

    /// <summary>Whether these threads are to rest now; to be asked again soon while they do.</summary>
    /// <param name="brought">What the others have brought so far.</param>
    internal bool MustRest(int brought)
    {
        lock (_lock)
        {
            TimeSpan elapsed = time.GetElapsedTime(_since);
            if (elapsed < (_rests ? Look : Run))
                return _rests;
            _rests = !_rests || (brought > _broughtBefore && used() - _usedBefore >= Busy * cpus * elapsed);
            (_since, _usedBefore, _broughtBefore) = (time.GetTimestamp(), used(), brought);
            return _rests;
        }
    }
}
