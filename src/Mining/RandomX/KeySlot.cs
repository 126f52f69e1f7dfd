using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX;

/// <summary>
/// One key's cache and datasets. Everything here is read and written under the lock of the <see cref="KeyStore"/>.
/// </summary>
internal sealed class KeySlot(Hash256 key, IRandomXEngine engine)
{
    private int _workers;
    private bool _retired;

    internal Hash256 Key { get; } = key;

    /// <summary>Makes the memory and what hashes with it.</summary>
    internal IRandomXEngine Engine { get; } = engine;

    internal IRandomXCache? Cache { get; private set; }

    internal CacheState CacheState { get; set; }

    internal TimeSpan? CacheTime { get; private set; }

    /// <summary>Completes when the cache is ready, faults when it cannot be made, is cancelled when the key is replaced.</summary>
    internal TaskCompletionSource CacheReady { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>One per NUMA node; empty until the dataset is ready.</summary>
    internal IReadOnlyList<RandomXDataset> Datasets { get; private set; } = [];

    internal DatasetState DatasetState { get; set; }

    internal DatasetProgress Progress { get; set; }

    internal TimeSpan? DatasetTime { get; private set; }

    /// <summary>Whether the dataset is made without others' help and its file, because what came of it was wrong.</summary>
    internal bool IsRemoteDoubted { get; set; }

    /// <summary>Whether it was tried to have the dataset on the disk before it is needed.</summary>
    internal bool IsKeepTried { get; set; }

    /// <summary>See <see cref="KeyStatus.IsKept"/>.</summary>
    internal bool IsKept { get; set; }

    /// <summary>Keeps the memory from being given up by this slot until <see cref="EndWork"/>.</summary>
    internal void BeginWork() => _workers++;

    internal void EndWork()
    {
        _workers--;
        FreeWhenIdle();
    }

    /// <summary>Gives up the memory, now or when the work on it has ended. VMs keep theirs.</summary>
    internal void Retire()
    {
        _retired = true;
        CacheReady.TrySetCanceled();
        FreeWhenIdle();
    }

    internal void SetCache(IRandomXCache cache, TimeSpan time)
    {
        Cache = cache;
        CacheTime = time;
        CacheState = CacheState.Ready;
    }

    internal void SetDatasets(MadeDatasets made, TimeSpan time)
    {
        Datasets = made.Datasets;
        DatasetTime = time;
        DatasetState = DatasetState.Ready;
        Progress = DatasetProgress.At(made.Items, made.Items, time, made.Origin.Remote) with { ItemsFromFile = made.Origin.File };
    }

    /// <summary>Gives up the datasets, which may be made again; VMs keep theirs. Those that are being made are up to their maker.</summary>
    internal void DropDatasets()
    {
        if (DatasetState is DatasetState.Building or DatasetState.Loading)
            return;
        foreach (RandomXDataset dataset in Datasets)
            dataset.Dispose();
        Datasets = [];
        DatasetState = DatasetState.None;
        DatasetTime = null;
        Progress = default;
    }

    internal KeyStatus Status(bool isCurrent) => new(
        Key,
        isCurrent,
        CacheState,
        CacheTime,
        Cache?.PageKind,
        DatasetState,
        Progress,
        DatasetTime,
        Datasets.Count > 0 ? Datasets[0].PageKind : null)
    {
        IsKept = IsKept,
    };

    private void FreeWhenIdle()
    {
        if (!_retired || _workers > 0)
            return;
        Cache?.Dispose();
        foreach (RandomXDataset dataset in Datasets)
            dataset.Dispose();
        Cache = null;
        Datasets = [];
    }
}
