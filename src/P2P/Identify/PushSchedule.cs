namespace P2PMiner.P2P.Identify;

/// <summary>Lets changes that follow each other closely be told of together.</summary>
internal sealed class PushSchedule : IAsyncDisposable
{
    /// <summary>Peers told at the same time. As js-libp2p.</summary>
    internal const int Parallel = 32;

    /// <summary>From the first change to telling of it. As js-libp2p.</summary>
    internal static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);

    private readonly ITimer _timer;
    private readonly Action _push;
    private int _requested;

    internal PushSchedule(TimeProvider time, Action push)
    {
        _push = push;
        _timer = time.CreateTimer(_ => Fire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal void Request()
    {
        if (Interlocked.Exchange(ref _requested, 1) == 0)
            _timer.Change(Delay, Timeout.InfiniteTimeSpan);
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Fire()
    {
        Volatile.Write(ref _requested, 0);
        _push();
    }
}
