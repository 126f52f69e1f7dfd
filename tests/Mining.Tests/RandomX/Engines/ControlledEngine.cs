using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX.Engines;

/// <summary>An engine that finds no memory when it is told so.</summary>
internal sealed class ControlledEngine(IRandomXEngine inner) : IRandomXEngine
{
    private volatile bool _isMemoryShort;
    private volatile bool _isDatasetMemoryShort;
    private int _refused;

    public string Name => inner.Name;

    /// <summary>Whether there is no memory for caches and hashers.</summary>
    public bool IsMemoryShort
    {
        get => _isMemoryShort;
        set => _isMemoryShort = value;
    }

    /// <summary>Whether there is none for datasets.</summary>
    public bool IsDatasetMemoryShort
    {
        get => _isDatasetMemoryShort;
        set => _isDatasetMemoryShort = value;
    }

    /// <summary>What did not get its memory.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>What stands in for caches; they themselves by default.</summary>
    public Func<IRandomXCache, IRandomXCache> Wrap { get; init; } = cache => cache;

    public void EnsureProven() => inner.EnsureProven();

    public IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages)
    {
        Require(!_isMemoryShort);
        return Wrap(inner.CreateCache(key, pages));
    }

    public RandomXDataset AllocateDataset(PagePreference pages)
    {
        Require(!_isDatasetMemoryShort);
        return inner.AllocateDataset(pages);
    }

    public void PrepareFull(IRandomXCache cache, RandomXDataset dataset, PagePreference pages, CancellationToken cancellation) =>
        inner.PrepareFull(cache, dataset, pages, cancellation);

    public IHasher CreateLight(IRandomXCache cache, PagePreference pages)
    {
        Require(!_isMemoryShort);
        return inner.CreateLight(cache, pages);
    }

    public IHasher CreateFull(RandomXDataset dataset, PagePreference pages) => inner.CreateFull(dataset, pages);

    public IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages) => inner.CreateVerifier(cache, isCompiled, pages);

    private void Require(bool isMemoryThere)
    {
        if (isMemoryThere)
            return;
        Interlocked.Increment(ref _refused);
        throw new InsufficientMemoryException("no memory for a test");
    }
}
