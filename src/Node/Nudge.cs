namespace P2PMiner.Node;

/// <summary>
/// A pause that one waiter takes and anybody may cut short. A nudge that comes while nobody waits ends the next pause at
/// once; more of them count as one.
/// </summary>
internal sealed class Nudge(TimeProvider time)
{
    private volatile TaskCompletionSource _source = NewSource();

    public void Set() => _source.TrySetResult();

    /// <summary>Returns when nudged, or after <paramref name="longest"/> at the latest.</summary>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task WaitAsync(TimeSpan longest, CancellationToken cancellation)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(_source.Task, Task.Delay(longest, time, timer.Token));
        cancellation.ThrowIfCancellationRequested();
        await timer.CancelAsync();
        if (_source.Task.IsCompleted)
            _source = NewSource();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
