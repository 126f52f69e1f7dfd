using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Network;

/// <summary>What all connections with one peer have together: room for streams and for memory, and our patience. Thread-safe.</summary>
/// <param name="limits">How much of each.</param>
/// <param name="streams">The streams of all peers.</param>
/// <param name="memory">The memory of all peers.</param>
/// <param name="time">The clock.</param>
internal sealed class PeerShare(ConnectionLimits limits, StreamBudget streams, MemoryBudget memory, TimeProvider time)
{
    /// <summary>
    /// Streams whose remote let the time for agreeing on a protocol run out, at once and per second. No honest peer opens streams to say
    /// nothing on them; a network that stands still for a while may make it look so.
    /// </summary>
    internal const int SilentAtOnce = 100, SilentPerSecond = 1;

    private readonly Lock _lock = new();
    private readonly TokenBucket _refused = YamuxRates.NewRefused(time);
    private readonly TokenBucket _silent = new(SilentAtOnce, SilentPerSecond, time);
    private int _inbound;
    private int _outbound;

    internal MemoryBudget Memory { get; } = new(limits.MaxStreamMemoryPerPeer, memory);

    /// <summary>Takes room for a stream, unless the peer or all together have too many.</summary>
    internal bool TryTake(Direction direction)
    {
        lock (_lock)
        {
            ref int count = ref Count(direction);
            if (count >= limits.StreamsPerPeer || !streams.TryTake(IsOwn))
                return false;
            count++;
            return true;
        }
    }

    internal void Return(Direction direction)
    {
        lock (_lock)
        {
            Count(direction)--;
            streams.Return(IsOwn);
        }
    }

    /// <summary>Says that a stream of the remote found no room; false if that happened too often.</summary>
    internal bool BearsRefusal()
    {
        lock (_lock)
            return _refused.TryTake();
    }

    /// <summary>Says that the remote did not agree on a stream's protocol in time; false if that happened too often.</summary>
    internal bool BearsSilence()
    {
        lock (_lock)
            return _silent.TryTake();
    }

    /// <summary>Whether the next stream taken, or the last one returned, is of the peer's own part.</summary>
    private bool IsOwn => _inbound + _outbound < streams.OwnShare;

    private ref int Count(Direction direction) => ref direction == Direction.Inbound ? ref _inbound : ref _outbound;
}
