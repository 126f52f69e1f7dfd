using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>Engine <c>native</c>: librandomx.</summary>
/// <param name="flags">Of caches and machines; all that this CPU has by default.</param>
public sealed class NativeEngine(RandomXFlags? flags = null) : IRandomXEngine
{
    private readonly RandomXFlags _flags = flags ?? RandomXCpu.SupportedFlags;

    public string Name => "native";

    public void EnsureProven()
    {
        RandomXLibrary.EnsureLoaded();
        RandomXLibrary.EnsureProven();
    }

    public IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages) => RandomXCache.Create(key, _flags, pages);

    public RandomXDataset AllocateDataset(PagePreference pages) => RandomXDataset.Allocate(pages);

    public IHasher CreateLight(IRandomXCache cache, PagePreference pages) => RandomXVm.CreateLight((RandomXCache)cache, _flags, pages);

    /// <summary>Nothing: librandomx has one way only.</summary>
    public void PrepareFull(IRandomXCache cache, RandomXDataset dataset, PagePreference pages, CancellationToken cancellation)
    {
    }

    public IHasher CreateFull(RandomXDataset dataset, PagePreference pages) => RandomXVm.CreateFull(dataset, _flags, pages);

    public IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages) =>
        RandomXVm.CreateLight((RandomXCache)cache, isCompiled ? RandomXCpu.SupportedFlags : RandomXFlags.None, pages);
}
