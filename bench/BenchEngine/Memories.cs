using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine;

/// <summary>Both engines' caches of one key, and a dataset that both can read.</summary>
internal sealed unsafe class Memories : IDisposable
{
    private const int ChunkItems = 16384;

    private RandomXDataset? _dataset;

    /// <param name="key">Of all.</param>
    /// <param name="pages">Of all.</param>
    public Memories(byte[] key, PagePreference pages)
    {
        Pages = pages;
        NativeCache = RandomXCache.Create(key, RandomXCpu.SupportedFlags, pages);
        Cache = ManagedCache.Create(key, pages);
        Items = Cache.Items ?? throw new BenchException("machine code cannot be made here, so there is nothing to compare");
        NarrowItems = ItemCompiler.CreateForLanes(Cache.Programs, usesAvx512: false);
    }

    public PagePreference Pages { get; }

    public RandomXCache NativeCache { get; }

    public ManagedCache Cache { get; }

    /// <summary>With all that the CPU has.</summary>
    public ItemCompiler Items { get; }

    /// <summary>With AVX2.</summary>
    public ItemCompiler NarrowItems { get; }

    public byte* CacheMemory => Cache.Block.Address;

    /// <summary>Made when it is asked for.</summary>
    public RandomXDataset DatasetOf(BenchSettings settings)
    {
        if (_dataset is not null)
            return _dataset;
        _dataset = RandomXDataset.Allocate(Pages);
        int next = -1;
        Turns.OnThreads(settings.Cpus.Count, settings.Cpus, _ =>
        {
            int first;
            while ((first = Interlocked.Increment(ref next) * ChunkItems) < RandomXLibrary.DatasetItemCount)
                Cache.WriteItems(_dataset, first, Math.Min(ChunkItems, RandomXLibrary.DatasetItemCount - first));
        });
        _dataset.Complete(Cache.Key);
        return _dataset;
    }

    public void Dispose()
    {
        _dataset?.Dispose();
        NarrowItems.Dispose();
        Cache.Dispose();
        NativeCache.Dispose();
    }
}
