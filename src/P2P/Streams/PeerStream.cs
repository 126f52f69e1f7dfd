using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Streams;

/// <summary>
/// One libp2p stream: ordered bytes in both directions, each side closed on its own
/// (libp2p/specs, connections/README.md, "Definitions"). Only the asynchronous members work. One reader and one writer at a time.
/// </summary>
/// <remarks>
/// Reading gives 0 after the remote closed its side. A stream that either side reset throws <see cref="StreamResetException"/>,
/// one whose connection is gone <see cref="ConnectionClosedException"/>; both are <see cref="IOException"/>s.
/// Disposing a stream whose two sides are not both closed resets it.
/// </remarks>
public abstract class PeerStream : Stream
{
    /// <summary>The connection that carries it.</summary>
    public abstract IPeerConnection Connection { get; }

    /// <summary>The protocol id agreed on for it, or the empty string before there is one.</summary>
    public string Protocol { get; internal set; } = "";

    /// <summary>Who opened it.</summary>
    public abstract Direction Direction { get; }

    /// <summary>Closes our side: the remote reads to the end of what was written. Closing twice is harmless.</summary>
    public abstract ValueTask CloseWriteAsync(CancellationToken cancellation = default);

    /// <summary>Ends both directions at once; what was not delivered is lost. Harmless after the end.</summary>
    public abstract void Reset();

    public abstract override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    public abstract override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush()
    {
        // Nothing is held back: WriteAsync hands every byte on.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("use ReadAsync");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("use WriteAsync");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
