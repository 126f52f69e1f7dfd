using System.Threading.Channels;

namespace P2PMiner.Node.Api.Live;

/// <summary>Somebody who listens to the event stream: a short queue, and what ends it.</summary>
internal sealed class EventClient : IDisposable
{
    /// <summary>Frames that may wait for a client. One that leaves more unread, some twenty seconds of them, is dropped.</summary>
    public const int QueueLength = 32;

    private readonly Channel<byte[]> _queue = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly CancellationTokenSource _dropped = new();

    /// <summary>Completed when the stream is over; frames that were queued before can still be read.</summary>
    public ChannelReader<byte[]> Frames => _queue.Reader;

    /// <summary>Cancelled when the client was too slow.</summary>
    public CancellationToken Dropped => _dropped.Token;

    /// <returns>False if the queue is full.</returns>
    public bool TryQueue(byte[] frame) => _queue.Writer.TryWrite(frame);

    public void End() => _queue.Writer.TryComplete();

    public void Drop()
    {
        End();
        _dropped.Cancel();
    }

    public void Dispose() => _dropped.Dispose();
}
