using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace P2PMiner.P2P.Tests.Support;

/// <summary>Counts the buffers that were rented from the shared pool of bytes since it was made, and not given back.</summary>
internal sealed class RentedBuffers : EventListener
{
    private const string PoolEvents = "System.Buffers.ArrayPoolEventSource";
    private const int Rented = 1;
    private const int Returned = 3;

    private readonly ConcurrentDictionary<int, int> _sizes = new();

    /// <summary>Buffers that are out.</summary>
    internal int Count => _sizes.Count;

    /// <summary>Their sizes, in bytes.</summary>
    internal IEnumerable<int> Sizes => _sizes.Values;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == PoolEvents)
            EnableEvents(eventSource, EventLevel.Verbose);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventId is not (Rented or Returned) || eventData.Payload is not [int buffer, int size, int pool, ..])
            return;
        if (pool != ArrayPool<byte>.Shared.GetHashCode())
            return;
        if (eventData.EventId == Rented)
            _sizes[buffer] = size;
        else
            _sizes.TryRemove(buffer, out _);
    }
}
