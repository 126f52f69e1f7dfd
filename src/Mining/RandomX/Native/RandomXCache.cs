using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;

namespace P2PMiner.Mining.RandomX.Native;

/// <summary>
/// An initialized RandomX cache: 256 MiB made from one key that never changes. Thread-safe. Disposing gives up this
/// object's claim; the memory lives on until the last VM made from it is gone.
/// </summary>
public sealed class RandomXCache : IRandomXCache
{
    private readonly byte[] _key;

    private RandomXCache(CacheHandle handle, byte[] key, PageKind pages)
    {
        Handle = handle;
        _key = key;
        PageKind = pages;
    }

    /// <summary>The key, 0 to 60 bytes.</summary>
    public ReadOnlySpan<byte> Key => _key;

    /// <summary>The pages that the 256 MiB got.</summary>
    public PageKind PageKind { get; }

    internal CacheHandle Handle { get; }

    /// <summary>Allocates a cache and fills it, which takes 0.2 to 2 seconds of one core and cannot be interrupted.</summary>
    /// <param name="key">0 to 60 bytes.</param>
    /// <param name="flags">Of these, JIT and Argon2 matter; the page flag follows from <paramref name="pages"/>.</param>
    /// <param name="pages">See <see cref="PagePreference"/>.</param>
    /// <exception cref="ArgumentException">A key of more than 60 bytes.</exception>
    /// <exception cref="PlatformNotSupportedException">Flags that this CPU lacks.</exception>
    /// <exception cref="RandomXUnavailableException">No usable librandomx.</exception>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where they were asked for.</exception>
    public static RandomXCache Create(ReadOnlySpan<byte> key, RandomXFlags flags, PagePreference pages)
    {
        if (key.Length > RandomXLibrary.MaxKeySize)
            throw new ArgumentException($"a RandomX key has at most {RandomXLibrary.MaxKeySize} bytes, not {key.Length}", nameof(key));
        RandomXCpu.RequireSupported(flags);
        RandomXLibrary.EnsureLoaded();
        CacheHandle handle = PagedAllocation.Allocate(
            "cache", RandomXLibrary.CacheSize, flags, pages, Interop.RandomX.randomx_alloc_cache, out PagedMemory pagesGot);
        Interop.RandomX.randomx_init_cache(handle, key, (nuint)key.Length);
        return new RandomXCache(handle, key.ToArray(), pagesGot.Measure());
    }

    public void WriteItems(RandomXDataset dataset, int firstItem, int itemCount)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        dataset.InitItems(this, firstItem, itemCount);
    }

    public void Dispose() => Handle.Dispose();
}
