using Microsoft.Extensions.Logging;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Files;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX;

/// <summary>One key's datasets.</summary>
/// <param name="Datasets">One complete dataset per NUMA node.</param>
/// <param name="Items">Items of each.</param>
/// <param name="Origin">Where they came from.</param>
internal sealed record MadeDatasets(IReadOnlyList<RandomXDataset> Datasets, int Items, ItemOrigin Origin);

/// <summary>Where items came from that were not computed here for this dataset.</summary>
/// <param name="Remote">Items from other machines.</param>
/// <param name="File">Items from the dataset file.</param>
/// <param name="IsFileGood">Whether there is a file, and nothing was wrong with it.</param>
internal readonly record struct ItemOrigin(int Remote, int File, bool IsFileGood);

/// <summary>Makes one key's datasets, one per NUMA node: by computing, while what is in the dataset file is read, or others send some.</summary>
internal sealed class DatasetMaker
{
    /// <summary>A dataset that was made faster is not worth a file for the next start, unless asked for: an ordinary disk reads it in this time.</summary>
    private static readonly TimeSpan SlowBuild = TimeSpan.FromSeconds(20);

    private const long AskedDiskReserve = 256L << 20;
    private const long AutomaticDiskReserve = 8L << 30;

    private readonly KeyStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly DatasetBuilder _builder;
    private readonly DatasetFile? _file;
    private readonly int _items;
    private readonly List<Task> _live = [];
    private readonly SpareDataset _spare;

    /// <param name="options">As given to the <see cref="KeyStore"/>.</param>
    /// <param name="time">Measures.</param>
    /// <param name="log">Gets a line for each dataset.</param>
    /// <param name="items">Items of whole datasets that are computed; fewer than all only in tests, whose full hashes are then meaningless.</param>
    /// <param name="isWanted">Whether the current key's whole dataset is still to be made; called on any thread.</param>
    internal DatasetMaker(KeyStoreOptions options, TimeProvider time, ILogger log, int items, Func<bool> isWanted)
    {
        _spare = new SpareDataset(isWanted);
        _options = options;
        _time = time;
        _log = log;
        _items = items;
        _builder = new DatasetBuilder(options.BuilderThreads, options.Nodes, time, options.CpuQuota);
        if (options.DatasetCacheDirectory is string directory)
        {
            _file = new DatasetFile(
                directory, options.IsDatasetCacheAutomatic ? AutomaticDiskReserve : AskedDiskReserve, options.SpareBytes, log, items);
        }
    }

    /// <summary>Whether the next key's dataset is to be on the disk, because there is no memory for it.</summary>
    internal bool KeepsNext => _file is not null && !_options.PrepareNextDataset;

    // Datasets of a key count as one: the nodes' copies come and go together.
    private int MaxLive => (_options.PrepareNextDataset ? 2 : 1) * _options.Nodes.Count;

    /// <summary>Makes the datasets, after older ones have been given back where memory is for one only.</summary>
    /// <param name="engine">Made the cache, and allocates.</param>
    /// <param name="cache">The key's cache; stays alive until the task has ended.</param>
    /// <param name="isPart">Whether only a part is made, as large as the options say.</param>
    /// <param name="lowPriority">Give way to hashing.</param>
    /// <param name="progress">At most four calls a second, on any thread.</param>
    /// <param name="cancellation">Leaves nothing behind.</param>
    /// <param name="trusts">Whether the file and the supplier may help; without, all is computed.</param>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where they were asked for.</exception>
    internal async Task<MadeDatasets> MakeAsync(
        IRandomXEngine engine, IRandomXCache cache, bool isPart, bool lowPriority, bool trusts,
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
            ItemOrigin origin = await FillAsync(first, cache, items, isPart, lowPriority, trusts, progress, cancellation);
            first.Complete(cache.Key);
            for (int node = 1; node < _options.Nodes.Count; node++)
            {
                RandomXDataset copy = await AllocateAsync(engine, node, isPart);
                datasets.Add(copy);
                await _builder.CopyAsync(first, copy, node, items, cancellation);
                copy.Complete(cache.Key);
            }
            _log.LogInformation(
                "RandomX dataset for key {Key} built in {Seconds:F1} s{Share} ({Pages} pages)",
                new Hash256(cache.Key), _time.GetElapsedTime(start).TotalSeconds, Share(origin, items), first.PageKind);
            made = true;
            return new MadeDatasets(datasets, items, origin);
        }
        finally
        {
            if (!made)
                datasets.ForEach(d => d.Dispose());
        }
    }

    /// <summary>Writes the file of a dataset that was made, when there is to be one. Failures are logged.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="made">What was made.</param>
    /// <param name="elapsed">In which time.</param>
    /// <param name="keep">Keys whose files stay.</param>
    /// <param name="cancellation">Leaves nothing behind.</param>
    internal async Task SaveAsync(Hash256 key, MadeDatasets made, TimeSpan elapsed, IReadOnlyCollection<Hash256> keep, CancellationToken cancellation)
    {
        if (_file is null || made.Origin.IsFileGood || made.Datasets[0].IsPart || (_options.IsDatasetCacheAutomatic && elapsed < SlowBuild))
            return;
        DatasetWorkers writer = new(1, [], lowPriority: true, _time);
        if (await _file.TrySaveAsync(key, made.Datasets[0], keep, writer, cancellation))
            _log.LogInformation("RandomX dataset for key {Key} kept in {Path}", key, _file.PathOf(key));
    }

    /// <summary>Writes the file of a dataset that there is no memory for, unless it is there. Failures are logged.</summary>
    /// <param name="cache">The key's cache; stays alive until the task has ended.</param>
    /// <param name="keep">Keys whose files stay.</param>
    /// <param name="cancellation">Leaves nothing behind.</param>
    /// <returns>Whether it is there now.</returns>
    internal async Task<bool> KeepAheadAsync(IRandomXCache cache, IReadOnlyCollection<Hash256> keep, CancellationToken cancellation)
    {
        var key = new Hash256(cache.Key);
        using (DatasetFileReader? earlier = _file!.TryOpen(key))
        {
            if (earlier is not null)
                return true;
        }
        if (!cache.TryComputeItems(0, []))
            return false;
        long start = _time.GetTimestamp();
        DatasetWorkers workers = new(_options.BuilderThreads, [], lowPriority: true, _time);
        if (!await _file.TryComputeAsync(cache, keep, workers, cancellation))
            return false;
        _log.LogInformation(
            "RandomX dataset for the next key {Key} computed ahead in {Seconds:F1} s and kept in {Path}",
            key, _time.GetElapsedTime(start).TotalSeconds, _file.PathOf(key));
        return true;
    }

    /// <summary>Gives back memory that was kept for a dataset that will not be made.</summary>
    internal void DropUnwanted() => _spare.DropUnwanted();

    /// <summary>Deletes the file of a key whose dataset turned out wrong.</summary>
    internal void Distrust(Hash256 key) => _file?.Discard(key, "a hash with the dataset was wrong");

    private static string Share(ItemOrigin origin, int items)
    {
        int brought = DatasetWorkers.ChunkCount(origin.File + origin.Remote);
        return brought == 0 ? "" : $", {brought} of {DatasetWorkers.ChunkCount(items)} MiB from {(origin.File > 0 ? "its file" : "others")}";
    }

    private async Task<ItemOrigin> FillAsync(
        RandomXDataset dataset, IRandomXCache cache, int items, bool isPart, bool lowPriority, bool trusts,
        Action<DatasetState, DatasetProgress> progress, CancellationToken cancellation)
    {
        var key = new Hash256(cache.Key);
        using DatasetFileReader? reader = trusts && !isPart ? _file?.TryOpen(key) : null;
        if (reader is null)
        {
            int remote = await _builder.FillAsync(
                dataset, cache, items, lowPriority, trusts ? _options.Supplier : null, p => progress(DatasetState.Building, p), cancellation);
            return new ItemOrigin(remote, 0, IsFileGood: false);
        }
        FileSupplier file = new(reader);
        int loaded = await _builder.FillAsync(
            dataset, cache, items, lowPriority, file,
            p => progress(DatasetState.Loading, p with { ItemsRemote = 0, ItemsFromFile = p.ItemsRemote }), cancellation);
        if (file.Flaw is string flaw)
            _file!.Discard(key, flaw);
        return new ItemOrigin(0, loaded, file.Flaw is null);
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
        // Several nodes' memory differs, and with memory for two the new dataset is there before the old one goes.
        bool isReused = !isPart && MaxLive == 1;
        RandomXDataset? memory = isReused ? _spare.TryTake(engine) : null;
        memory ??= await _builder.AllocateAsync(engine, node, _options.Pages, isPart ? _options.PartItems : null);
        RandomXDataset dataset = isReused ? _spare.Lend(memory, engine) : memory;
        _live.Add(dataset.Freed);
        return dataset;
    }
}
