using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.P2P.Yamux;

/// <summary>
/// Holds back streams that we open while too many are not acknowledged (libp2p/specs, yamux/README.md, "ACK backlog &amp; backpressure").
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "a semaphore without a wait handle holds nothing to dispose of")]
internal sealed class OpenGate
{
    /// <summary>The specification's number.</summary>
    internal const int MaxBacklog = 256;

    /// <summary>
    /// As long as the remote has not shown that it is ready: js-libp2p ends a connection on which more than ten streams arrive before
    /// it has set up its side.
    /// </summary>
    internal const int EarlyBacklog = 8;

    private readonly SemaphoreSlim _free = new(EarlyBacklog);
    private int _isWide;

    /// <summary>Waits for a place.</summary>
    internal async ValueTask EnterAsync(CancellationToken closed, CancellationToken cancellation)
    {
        if (_free.Wait(0, CancellationToken.None))
            return;
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(closed, cancellation);
        await _free.WaitAsync(linked.Token).ConfigureAwait(false);
    }

    /// <summary>Gives a place back: the stream is acknowledged, or over.</summary>
    internal void Leave() => _free.Release();

    /// <summary>The remote is ready.</summary>
    internal void Widen()
    {
        // Called for every frame: most find it done.
        if (Volatile.Read(ref _isWide) == 0 && Interlocked.Exchange(ref _isWide, 1) == 0)
            _free.Release(MaxBacklog - EarlyBacklog);
    }
}
