namespace P2PMiner.P2P.Network;

/// <summary>A time limit and a caller's cancellation as one token. It can tell which of the two ended the wait.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _timeout;
    private readonly CancellationTokenSource _linked;
    private readonly CancellationToken _caller;

    internal Deadline(TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        _caller = caller;
        _timeout = new CancellationTokenSource(limit, time);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_timeout.Token, caller);
    }

    internal CancellationToken Token => _linked.Token;

    /// <summary>True if the time is up and the caller did not cancel: a result, not a cancellation.</summary>
    internal bool IsOver => _timeout.IsCancellationRequested && !_caller.IsCancellationRequested;

    public void Dispose()
    {
        _linked.Dispose();
        _timeout.Dispose();
    }
}
