using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>Claims on a cache and on part of a dataset.</summary>
internal sealed unsafe class HybridMemory : IDisposable
{
    private readonly IDisposable _cache;
    private readonly DatasetItemSource _part;

    /// <exception cref="ObjectDisposedException">The memory of one was given back.</exception>
    public HybridMemory(ManagedCache cache, RandomXDataset part)
    {
        _part = new DatasetItemSource(part);
        try
        {
            _cache = cache.Hold();
        }
        catch
        {
            _part.Dispose();
            throw;
        }
    }

    /// <summary>The items that are held; valid until this object is disposed.</summary>
    public byte* Held => _part.Memory;

    public void Dispose()
    {
        _part.Dispose();
        _cache.Dispose();
    }
}
