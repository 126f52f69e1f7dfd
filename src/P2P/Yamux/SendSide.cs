using System.Threading.Tasks.Sources;

namespace P2PMiner.P2P.Yamux;

/// <summary>The half of a stream that we write: the window the remote granted, and the write that waits for it or for its turn.</summary>
/// <remarks>All of it is guarded by the lock of the <see cref="YamuxWriter"/>, which alone changes it. One writer at a time.</remarks>
internal sealed class SendSide(YamuxWriter writer, uint streamId) : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;

    /// <summary>True if what is written goes out within the call; see <see cref="Streams.PeerStream.RunsInline"/>.</summary>
    internal bool IsInline { get; set; }

    internal uint StreamId { get; } = streamId;

    /// <summary>What we may still send, in bytes.</summary>
    internal long Window { get; set; } = ReceiveWindow.Initial;

    /// <summary>True while a write waits.</summary>
    internal bool IsWriting { get; private set; }

    /// <summary>What of the waiting write has not been taken over.</summary>
    internal ReadOnlyMemory<byte> Rest { get; set; }

    internal CancellationToken Cancellation { get; private set; }

    /// <summary>True while it stands in the line of streams that can send.</summary>
    internal bool IsQueued { get; set; }

    /// <summary>The next in that line.</summary>
    internal SendSide? Next { get; set; }

    /// <summary>True after our FIN.</summary>
    internal bool IsFinished { get; set; }

    internal YamuxFailure? Failure { get; set; }

    /// <summary>Makes a write wait and returns its number for <see cref="WaitAsync"/>.</summary>
    internal short BeginWrite(ReadOnlyMemory<byte> rest, CancellationToken cancellation)
    {
        _source.Reset();
        IsWriting = true;
        Rest = rest;
        Cancellation = cancellation;
        return _source.Version;
    }

    /// <summary>The end of the write; outside of the lock, so that a token that is cancelled already may call back at once.</summary>
    internal ValueTask WaitAsync(short write, CancellationToken cancellation)
    {
        if (cancellation.CanBeCanceled)
            _registration = cancellation.UnsafeRegister(static (side, token) => ((SendSide)side!).Cancel(token), this);
        return new ValueTask(this, write);
    }

    internal void EndWrite(Exception? exception)
    {
        IsWriting = false;
        Rest = default;
        if (exception is null)
            _source.SetResult(true);
        else
            _source.SetException(exception);
    }

    private void Cancel(CancellationToken cancellation) => writer.CancelWrite(this, cancellation);

    void IValueTaskSource.GetResult(short token)
    {
        _registration.Unregister();
        _registration = default;
        _source.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
