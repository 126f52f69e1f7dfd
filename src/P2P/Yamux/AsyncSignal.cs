using System.Threading.Tasks.Sources;

namespace P2PMiner.P2P.Yamux;

/// <summary>Wakes one waiting loop without allocating; signals that come before it waits count as one.</summary>
internal sealed class AsyncSignal : IValueTaskSource
{
    private readonly Lock _lock = new();
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private bool _isSet;
    private bool _isAwaited;

    /// <param name="inline">
    /// Lets the loop go on within this call, which saves waking a thread of the pool: only where the caller holds no lock, and the loop never
    /// blocks.
    /// </param>
    internal void Set(bool inline = false)
    {
        lock (_lock)
        {
            if (!_isAwaited)
            {
                _isSet = true;
                return;
            }
            _isAwaited = false;
        }
        _source.RunContinuationsAsynchronously = !inline;
        _source.SetResult(true);
    }

    /// <summary>To be awaited by one loop only.</summary>
    internal ValueTask WaitAsync()
    {
        lock (_lock)
        {
            if (_isSet)
            {
                _isSet = false;
                return ValueTask.CompletedTask;
            }
            _source.Reset();
            _isAwaited = true;
            return new ValueTask(this, _source.Version);
        }
    }

    void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
