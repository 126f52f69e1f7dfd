namespace P2PMiner.Mining.Threads;

/// <summary>What the threads are to do now. A new object for every change, so that one reference comparison tells.</summary>
/// <param name="Job">Null when there is nothing to search.</param>
/// <param name="Paused">Whether hashing rests although there is a job.</param>
/// <param name="Stopping">Whether threads are to end.</param>
/// <param name="SetAt">Timestamp of the change.</param>
internal sealed record MinerWork(Job? Job, bool Paused, bool Stopping, long SetAt);

/// <summary>The switchboard between a <see cref="Miner"/> and its threads.</summary>
internal sealed class MinerControl(TimeProvider time)
{
    private readonly object _monitor = new();
    private readonly TaskCompletionSource _firstHash = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile MinerWork _work = new(null, false, false, time.GetTimestamp());

    /// <summary>A thread has begun with its work. Raised on that thread, which loses the time that it takes.</summary>
    public event Action<MinerWork>? Arrived;

    public MinerWork Work => _work;

    /// <summary>Shared by the threads.</summary>
    public LightStart LightStart { get; } = new(time);

    public Task FirstHash => _firstHash.Task;

    public Task Failure => _failure.Task;

    public long Now => time.GetTimestamp();

    public TimeSpan ElapsedSince(long timestamp) => time.GetElapsedTime(timestamp);

    public void SetJob(Job? job) => Change(work => work with { Job = job, SetAt = time.GetTimestamp() });

    public void SetPaused(bool paused) => Change(work => work with { Paused = paused, SetAt = time.GetTimestamp() });

    public void Stop() => Change(work => work with { Stopping = true });

    public void ReportArrival(MinerWork work) => Arrived?.Invoke(work);

    public void ReportFirstHash() => _firstHash.TrySetResult();

    public void ReportFailure(Exception reason) => _failure.TrySetException(reason);

    /// <summary>Returns when the work is no longer <paramref name="known"/>, with <see cref="Wake"/>, or after <paramref name="limit"/>.</summary>
    public void WaitForChange(MinerWork known, TimeSpan limit)
    {
        lock (_monitor)
        {
            if (_work == known)
                Monitor.Wait(_monitor, limit);
        }
    }

    /// <summary>Has threads that wait look again.</summary>
    public void Wake()
    {
        lock (_monitor)
            Monitor.PulseAll(_monitor);
    }

    private void Change(Func<MinerWork, MinerWork> change)
    {
        lock (_monitor)
        {
            if (_work.Stopping)
                return;
            _work = change(_work);
            Monitor.PulseAll(_monitor);
        }
    }
}
