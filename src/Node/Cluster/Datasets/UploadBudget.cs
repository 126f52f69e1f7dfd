namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>Keeps uploads below a rate, all together; who waits is served in order. Thread-safe.</summary>
/// <param name="bytesPerSecond">Null for no limit.</param>
/// <param name="time">Paces.</param>
internal sealed class UploadBudget(long? bytesPerSecond, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly long _start = time.GetTimestamp();
    private TimeSpan _free;

    /// <summary>Waits until a number of bytes may be sent.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; they count as sent.</exception>
    public Task TakeAsync(int bytes, CancellationToken cancellation)
    {
        if (bytesPerSecond is not long rate)
            return Task.CompletedTask;
        TimeSpan delay;
        lock (_lock)
        {
            TimeSpan now = time.GetElapsedTime(_start);
            if (_free < now)
                _free = now;
            delay = _free - now;
            _free += TimeSpan.FromSeconds((double)bytes / rate);
        }
        return delay > TimeSpan.Zero ? Task.Delay(delay, time, cancellation) : Task.CompletedTask;
    }
}
