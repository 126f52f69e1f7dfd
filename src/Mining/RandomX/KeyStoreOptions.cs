using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX;

/// <summary>The CPUs of one NUMA node that threads may be pinned to; none means that they are not pinned.</summary>
public sealed record NumaNodeCpus(int Node, IReadOnlyList<int> Cpus);

/// <summary>What a <see cref="KeyStore"/> keeps, and with what means it makes it.</summary>
public sealed record KeyStoreOptions
{
    /// <summary>Whether datasets are made beside the caches, until <see cref="KeyStore.SetMemory"/> changes it.</summary>
    public required MemoryMode Memory { get; init; }

    /// <summary>How many of a dataset's items are held in hybrid mode, from the first on; whole chunks of 1 MiB, so that others can bring them.</summary>
    public int PartItems { get; init; } = RandomXLibrary.DatasetItemCount;

    /// <summary>
    /// Whether two datasets fit into memory, so that the next key's is made ahead. Otherwise the old one goes before
    /// the new one comes, and light mode bridges the gap.
    /// </summary>
    public bool PrepareNextDataset { get; init; }

    /// <summary>Pages of caches, datasets and scratchpads.</summary>
    public PagePreference Pages { get; init; } = PagePreference.Auto;

    /// <summary>What hashes; librandomx by default.</summary>
    public IRandomXEngine Engine { get; init; } = new NativeEngine();

    /// <summary>What hashes when <see cref="Engine"/> cannot run here or gives wrong hashes; null makes that an error.</summary>
    public IRandomXEngine? Fallback { get; init; }

    /// <summary>Threads that compute a dataset, at least 1.</summary>
    public required int BuilderThreads { get; init; }

    /// <summary>CPU time per time that the process may use, where that is less than the CPUs it may use; null where it is not.</summary>
    public double? CpuQuota { get; init; }

    /// <summary>The NUMA nodes that hash, each of which gets a dataset of its own. By default one, without pinning.</summary>
    public IReadOnlyList<NumaNodeCpus> Nodes { get; init; } = [new NumaNodeCpus(0, [])];

    /// <summary>Brings chunks of datasets from elsewhere; null computes all.</summary>
    public IChunkSupplier? Supplier { get; init; }

    /// <summary>
    /// Where datasets are kept, 2080 MiB each; null for nowhere. The current key's is there for the next start, and the next key's too, which
    /// is computed for it ahead where there is no memory for two.
    /// </summary>
    public string? DatasetCacheDirectory { get; init; }

    /// <summary>
    /// Whether nobody asked for these files: more of the disk is left free, and what took no longer to compute than it would to read is
    /// not kept for the next start.
    /// </summary>
    public bool IsDatasetCacheAutomatic { get; init; }

    /// <summary>Memory beside all that is made here which the system may use to keep a part of these files, as long as nobody else needs it.</summary>
    public long SpareBytes { get; init; }
}
