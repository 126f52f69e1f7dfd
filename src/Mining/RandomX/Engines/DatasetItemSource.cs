using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>A claim on a dataset's memory, and its items for the interpreter.</summary>
internal sealed unsafe class DatasetItemSource : IItemSource, IDisposable
{
    private readonly DatasetHandle _handle;
    private int _isDisposed;

    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    public DatasetItemSource(RandomXDataset dataset)
    {
        bool isHeld = false;
        dataset.Handle.DangerousAddRef(ref isHeld);
        _handle = dataset.Handle;
        Memory = _handle.Memory;
    }

    /// <summary>All items; valid until this object is disposed.</summary>
    public byte* Memory { get; }

    public void Xor(uint number, Span<ulong> r)
    {
        ulong* item = (ulong*)(Memory + (nuint)number * Parameters.ItemSize);
        for (int i = 0; i < r.Length; i++)
            r[i] ^= item[i];
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            _handle.DangerousRelease();
    }
}
