using System.Buffers;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Chunks;

/// <summary>A claim on a complete dataset, for reading. The memory stays until it is disposed.</summary>
public sealed class HeldDataset : IDisposable
{
    private readonly DatasetHandle _handle;
    private readonly int _items;
    private int _isDisposed;

    /// <param name="dataset">Complete.</param>
    /// <param name="items">Items that it has.</param>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    internal HeldDataset(RandomXDataset dataset, int items)
    {
        bool isHeld = false;
        dataset.Handle.DangerousAddRef(ref isHeld);
        _handle = dataset.Handle;
        _items = items;
    }

    /// <summary>Chunks of 1 MiB; the last one may be shorter.</summary>
    public int Chunks => DatasetWorkers.ChunkCount(_items);

    /// <summary>A chunk where it lies: valid until this object is disposed, which must wait for its readers.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No chunk of the dataset.</exception>
    public unsafe ReadOnlyMemory<byte> Chunk(int chunk)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(chunk);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(chunk, Chunks);
        int first = ChunkQueue.FirstItem(chunk);
        int count = Math.Min(DatasetWorkers.ChunkItems, _items - first);
        return new Window(_handle.Memory + (nuint)first * RandomXLibrary.DatasetItemSize, count * RandomXLibrary.DatasetItemSize).Memory;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            _handle.DangerousRelease();
    }

    private sealed unsafe class Window(byte* start, int length) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => new(start, length);

        // Native memory does not move.
        public override MemoryHandle Pin(int elementIndex = 0) => new(start + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
