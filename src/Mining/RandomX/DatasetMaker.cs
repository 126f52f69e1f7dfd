using Microsoft.Extensions.Logging;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX;

/// <summary>One key's datasets.</summary>
/// <param name="Datasets">One complete dataset per NUMA node.</param>
/// <param name="Items">Items of each.</param>
/// <param name="RemoteItems">Of these, the ones that came from elsewhere; null when all came from the file.</param>
internal sealed record MadeDatasets(IReadOnlyList<RandomXDataset> Datasets, int Items, int? RemoteItems);

/// <summary>Makes one key's datasets, one per NUMA node: from the dataset file when it is there, else by computing.</summary>
internal sealed class DatasetMaker
{
    private readonly KeyStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly DatasetBuilder _builder;
    private readonly DatasetFile? _file;
    private readonly int _items;
    private readonly List<Task> _live = [];

    /// <param name="options">As given to the <see cref="KeyStore"/>.</param>
    /// <param name="time">Measures.</param>
    /// <param name="log">Gets a line for each dataset.</param>
    /// <param name="items">Items of whole datasets that are computed; fewer than all only in tests, whose full hashes are then meaningless.</param>
    internal DatasetMaker(KeyStoreOptions options, TimeProvider time, ILogger log, int items)
    {
        _options = options;
        _time = time;
        _log = log;
        _items = items;
        _builder = new DatasetBuilder(options.BuilderThreads, options.Nodes, time);
        if (options.DatasetCacheDirectory is string directory)
            _file = new DatasetFile(directory, log, items);
    }

    // Datasets of a key count as one: the nodes' copies come and go together.
    private int MaxLive => (_options.PrepareNextDataset ? 2 : 1) * _options.Nodes.Count;

    /// <summary>Makes the datasets, after older ones have been given back where memory is for one only.</summary>
    /// <param name="engine">Made the cache, and allocates.</param>
    /// <param name="cache">The key's cache; stays alive until the task has ended.</param>
    /// <param name="isPart">Whether only a part is made, as large as the options say.</param>
    /// <param name="lowPriority">Give way to hashing.</param>
    /// <param name="progress">At most four calls a second, on any thread.</param>
    /// <param name="cancellation">Leaves nothing behind.</param>
    /// <param name="supplier">Brings chunks from elsewhere; null computes all.</param>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where they were asked for.</exception>
    internal async Task<MadeDatasets> MakeAsync(
        IRandomXEngine engine, IRandomXCache cache, bool isPart, bool lowPriority, IChunkSupplier? supplier,
        Action<DatasetState, DatasetProgress> progress, CancellationToken cancellation)
    {
        int items = isPart ? _options.PartItems : _items;
        await WaitForMemoryAsync(cancellation);
        var datasets = new List<RandomXDataset>();
        bool made = false;
        try
        {
            long start = _time.GetTimestamp();
            RandomXDataset first = await AllocateAsync(engine, 0, isPart);
            datasets.Add(first);
            int? remote = await LoadOrBuildAsync(first, cache, items, lowPriority, supplier, progress, cancellation);
            first.Complete(cache.Key);
            for (int node = 1; node < _options.Nodes.Count; node++)
            {
                RandomXDataset copy = await AllocateAsync(engine, node, isPart);
                datasets.Add(copy);
                await _builder.CopyAsync(first, copy, node, items, cancellation);
                copy.Complete(cache.Key);
            }
            _log.LogInformation(
                "RandomX dataset for key {Key} {Origin} in {Seconds:F1} s{Share} ({Pages} pages)",
                new Hash256(cache.Key), remote is null ? "loaded" : "built", _time.GetElapsedTime(start).TotalSeconds,
                remote > 0 ? $", {DatasetWorkers.ChunkCount(remote.Value)} of {DatasetWorkers.ChunkCount(items)} MiB from others" : "", first.PageKind);
            made = true;
            return new MadeDatasets(datasets, items, remote);
        }
        finally
        {
            if (!made)
                datasets.ForEach(d => d.Dispose());
        }
    }

    /// <summary>Writes the dataset file, when there is to be one. Failures are logged.</summary>
    internal async Task SaveAsync(Hash256 key, RandomXDataset dataset, IReadOnlyCollection<Hash256> keep, CancellationToken cancellation)
    {
        if (_file is not null && !dataset.IsPart && await _file.TrySaveAsync(key, dataset, keep, cancellation))
            _log.LogInformation("RandomX dataset for key {Key} kept in {Path}", key, _file.PathOf(key));
    }

    /// <returns>Items that came from elsewhere; null when all came from the file.</returns>
    private async Task<int?> LoadOrBuildAsync(
        RandomXDataset dataset, IRandomXCache cache, int items, bool lowPriority, IChunkSupplier? supplier,
        Action<DatasetState, DatasetProgress> progress, CancellationToken cancellation)
    {
        var key = new Hash256(cache.Key);
        bool loaded = _file is not null && !dataset.IsPart && await _file.TryLoadAsync(
            key, dataset, _builder.OfFirstNode, p => progress(DatasetState.Loading, p), cancellation);
        if (loaded)
            return null;
        return await _builder.FillAsync(
            dataset, cache, items, lowPriority, supplier, p => progress(DatasetState.Building, p), cancellation);
    }

    private async Task WaitForMemoryAsync(CancellationToken cancellation)
    {
        _live.RemoveAll(freed => freed.IsCompleted);
        while (_live.Count > MaxLive - _options.Nodes.Count)
        {
            await Task.WhenAny(_live).WaitAsync(cancellation);
            _live.RemoveAll(freed => freed.IsCompleted);
        }
    }

    private async Task<RandomXDataset> AllocateAsync(IRandomXEngine engine, int node, bool isPart)
    {
        RandomXDataset dataset = await _builder.AllocateAsync(engine, node, _options.Pages, isPart ? _options.PartItems : null);
        _live.Add(dataset.Freed);
        return dataset;
    }
}
