using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Network;

/// <summary>Ends a stream without a reset, for protocols in which the remote has nothing more to say.</summary>
internal static class StreamEnding
{
    /// <summary>How long the remote gets for closing its side; then the stream is reset, which harms nobody any more.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Closes our side and waits until the remote has closed its own: a stream disposed of before that is reset, and the last bytes
    /// written might get lost with it.
    /// </summary>
    internal static async ValueTask FinishAsync(this PeerStream stream, TimeProvider time, CancellationToken cancellation)
    {
        await stream.CloseWriteAsync(cancellation).ConfigureAwait(false);
        using Deadline deadline = new(Patience, time, cancellation);
        try
        {
            await stream.ReadAsync(new byte[1], deadline.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StreamResetException or ConnectionClosedException || (e is OperationCanceledException && deadline.IsOver))
        {
            // What was to be said has been said.
        }
    }
}
