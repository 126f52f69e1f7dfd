using System.Threading.Channels;

namespace P2PMiner.Mining.RandomX;

/// <summary>Wakes one waiting loop; signals that come before it waits count as one.</summary>
internal sealed class WakeSignal
{
    private readonly Channel<bool> _pending =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    internal void Set() => _pending.Writer.TryWrite(true);

    internal async Task WaitAsync(CancellationToken cancellation) => await _pending.Reader.ReadAsync(cancellation);
}
