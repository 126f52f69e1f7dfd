using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Network;

/// <summary>A stream whose protocol is agreed on: it is counted until it is disposed.</summary>
internal sealed class ProtocolStream : PeerStream
{
    private readonly PeerStream _inner;
    private readonly Action<ProtocolStream> _disposed;
    private int _isDisposed;

    internal ProtocolStream(PeerStream inner, string protocol, Action<ProtocolStream> disposed)
    {
        (_inner, _disposed) = (inner, disposed);
        Protocol = protocol;
    }

    public override IPeerConnection Connection => _inner.Connection;

    public override Direction Direction => _inner.Direction;

    public override bool RunsInline
    {
        get => _inner.RunsInline;
        set => _inner.RunsInline = value;
    }

    public override ValueTask CloseWriteAsync(CancellationToken cancellation = default) => _inner.CloseWriteAsync(cancellation);

    public override void Reset() => _inner.Reset();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _inner.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _inner.WriteAsync(buffer, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _inner.Dispose();
            _disposed(this);
        }
        base.Dispose(disposing);
    }
}
