namespace P2PMiner.P2P.Tests.Support;

/// <summary>A pair of queues as the stream of a connection.</summary>
internal sealed class MemoryDuplex(ByteQueue incoming, ByteQueue outgoing) : Stream
{
    /// <summary>Two streams, each reading what the other writes.</summary>
    public static (MemoryDuplex A, MemoryDuplex B) CreatePair(TimeProvider? time = null, Func<TimeSpan>? latency = null)
    {
        ByteQueue there = new(time ?? TimeProvider.System, latency);
        ByteQueue back = new(time ?? TimeProvider.System, latency);
        return (new MemoryDuplex(back, there), new MemoryDuplex(there, back));
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        incoming.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        outgoing.WriteAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>The other end reads to the end of what was written.</summary>
    public void CompleteWriting() => outgoing.Complete();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            outgoing.Complete();
            incoming.Fail(static () => new IOException("the connection is closed"));
        }
        base.Dispose(disposing);
    }
}
