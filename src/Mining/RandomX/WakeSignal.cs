using System.Threading.Channels;

namespace P2PMiner.Mining.RandomX;

/// <summary>Wakes one waiting loop; signals that come before it waits count as one.</summary>
internal sealed class WakeSignal
{
    private readonly Channel<bool> _pending =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    internal void Set() => _pending.Writer.TryWrite(true);

    /// <summary>Waits for a signal; false when cancelled instead.</summary>
    internal async Task<bool> TryWaitAsync(CancellationToken cancellation)
    {
        try
        {
            await _pending.Reader.ReadAsync(cancellation);
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
