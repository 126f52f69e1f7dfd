using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Tests.Support;

/// <summary>One end of an in-memory stream of a <see cref="TestConnection"/>.</summary>
internal sealed class TestStream(TestConnection connection, Direction direction, ByteQueue incoming, ByteQueue outgoing) : PeerStream
{
    private int _disposed;

    public override IPeerConnection Connection => connection;

    public override Direction Direction => direction;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        incoming.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        outgoing.WriteAsync(buffer, cancellationToken);

    public override ValueTask CloseWriteAsync(CancellationToken cancellation = default)
    {
        outgoing.Complete();
        return ValueTask.CompletedTask;
    }

    public override void Reset() => Break(static () => new StreamResetException("the stream was reset"));

    internal void Break(Func<Exception> failure)
    {
        incoming.Fail(failure);
        outgoing.Fail(failure);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            if (!incoming.IsEnded || !outgoing.IsEnded)
                Reset();
            connection.Forget(this);
        }
        base.Dispose(disposing);
    }
}
