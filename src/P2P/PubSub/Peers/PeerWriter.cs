using System.Buffers;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.PubSub.Peers;

/// <summary>Sends what waits for one peer on our stream to it, as much as there is in each write. Nothing is held while there is nothing to send.</summary>
internal sealed class PeerWriter(PeerQueue queue, TimeProvider time)
{
    /// <summary>Bytes of one write: a few Yamux frames.</summary>
    private const int MaxWrite = 64 * 1024;

    private const long NotWriting = -1;

    private long _writeBegan = NotWriting;

    /// <summary>How long the write that is under way has lasted; zero if none is.</summary>
    internal TimeSpan Blocked =>
        Interlocked.Read(ref _writeBegan) is var began and not NotWriting ? time.GetElapsedTime(began) : TimeSpan.Zero;

    /// <summary>Runs until the queue is closed and empty, then closes our side of the stream.</summary>
    /// <exception cref="IOException">The stream or its connection ended.</exception>
    internal async Task RunAsync(PeerStream stream, CancellationToken cancellation)
    {
        while (await queue.WaitAsync(cancellation).ConfigureAwait(false))
            await DrainAsync(stream, cancellation).ConfigureAwait(false);
        await stream.CloseWriteAsync(cancellation).ConfigureAwait(false);
    }

    private async Task DrainAsync(PeerStream stream, CancellationToken cancellation)
    {
        while (true)
        {
            ReadOnlyMemory<byte> piece = queue.Take(MaxWrite, out byte[]? rented);
            if (piece.IsEmpty)
                return;
            Interlocked.Exchange(ref _writeBegan, time.GetTimestamp());
            try
            {
                await stream.WriteAsync(piece, cancellation).ConfigureAwait(false);
            }
            finally
            {
                Interlocked.Exchange(ref _writeBegan, NotWriting);
                if (rented is not null)
                    ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }
}
