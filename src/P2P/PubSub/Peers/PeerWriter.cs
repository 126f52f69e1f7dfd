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
    /// <param name="stream">What to write to.</param>
    /// <param name="leave">Lets it end early, between two frames, so that another stream can go on.</param>
    /// <param name="cancellation">Ends it at once.</param>
    /// <returns>False if it left early; the stream is open then.</returns>
    /// <exception cref="IOException">The stream or its connection ended.</exception>
    internal async Task<bool> RunAsync(PeerStream stream, CancellationToken leave, CancellationToken cancellation)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(leave, cancellation);
        try
        {
            do
                await DrainAsync(stream, leave, cancellation).ConfigureAwait(false);
            while (await queue.WaitAsync(ended.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (leave.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return false;
        }
        await stream.CloseWriteAsync(cancellation).ConfigureAwait(false);
        return true;
    }

    private async Task DrainAsync(PeerStream stream, CancellationToken leave, CancellationToken cancellation)
    {
        while (true)
        {
            leave.ThrowIfCancellationRequested();
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
