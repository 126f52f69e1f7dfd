using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Yamux;

/// <summary>One stream of a session.</summary>
internal sealed class YamuxStream : PeerStream
{
    public override IPeerConnection Connection => throw new NotSupportedException("being written");

    public override Direction Direction => throw new NotSupportedException("being written");

    public override ValueTask CloseWriteAsync(CancellationToken cancellation = default) => throw new NotSupportedException("being written");

    public override void Reset() => throw new NotSupportedException("being written");

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("being written");

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("being written");
}
