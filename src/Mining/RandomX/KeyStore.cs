using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX;

/// <summary>
/// Owns the caches and datasets of the keys in use and prepares them in the background: the current key's cache, its
/// dataset, the next key's cache, its dataset. Memory of a replaced key is given back when the last VM on it is gone.
/// Thread-safe.
/// </summary>
public sealed class KeyStore : IAsyncDisposable
{
    private readonly KeyStoreOptions _options;
    private readonly KeySlots _slots;
    private readonly DatasetPreparer _datasets;
    private readonly CancellationTokenSource _stop = new();

    /// <param name="options">What to keep.</param>
    /// <param name="time">Measures and paces progress.</param>
    /// <param name="log">Gets a line for every cache and dataset, and for every one that cannot be made.</param>
    public KeyStore(KeyStoreOptions options, TimeProvider time, ILogger<KeyStore> log)
        : this(options, time, log, RandomXLibrary.DatasetItemCount)
    {
    }

    internal KeyStore(KeyStoreOptions options, TimeProvider time, ILogger log, int datasetItems)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BuilderThreads, 1);
        ArgumentOutOfRangeException.ThrowIfZero(options.Nodes.Count);
        _options = options;
        _slots = new KeySlots(options.Engine, options.Memory);
        CachePreparer caches = new(_slots, options, time, log);
        _datasets = new DatasetPreparer(_slots, options, time, log, datasetItems);
        caches.Attempted = _datasets.Wake;
        _slots.Replaced += caches.Wake;
        _slots.Replaced += _datasets.Wake;
        Completion = Task.WhenAll(caches.RunAsync(_stop.Token), _datasets.RunAsync(_stop.Token));
    }

    /// <summary>
    /// Called after every change, and four times a second while a dataset is made, on any thread. Must return soon and
    /// not throw.
    /// </summary>
    public event Action<KeyStoreStatus>? StatusChanged
    {
        add => _slots.StatusChanged += value;
        remove => _slots.StatusChanged -= value;
    }

    /// <summary>Ends after disposal. Faults when the background work died, which nothing here can mend.</summary>
    public Task Completion { get; }

    /// <summary>Grows whenever the keys change or a better VM for any key has become possible.</summary>
    public int Generation => _slots.Generation;

    /// <summary>What hashes; changes when it fails.</summary>
    public IRandomXEngine Engine => _slots.Engine;

    /// <summary>A snapshot.</summary>
    public KeyStoreStatus Status => _slots.Status;

    /// <summary>Sets the keys to keep ready and returns at once. Other keys' memory is given up.</summary>
    /// <param name="current">The key to hash with.</param>
    /// <param name="next">The key after it, when it is known.</param>
    /// <exception cref="ObjectDisposedException">The store is disposed.</exception>
    public void SetKeys(Hash256 current, Hash256? next) => _slots.Set(current, next);

    /// <summary>Has the first dataset wait a moment for the first hash, which takes twice as long beside it.</summary>
    internal void LetGoFirst(Task firstHash) => _datasets.LetGoFirst(firstHash);

    /// <summary>Gives up the memory of all keys, until others are set.</summary>
    public void Clear() => _slots.Clear();

    /// <summary>Changes what hashes: all memory is given up and made anew.</summary>
    public void ReplaceEngine(IRandomXEngine engine) => _slots.ReplaceEngine(engine);

    /// <summary>Makes datasets from now on, or gives them up, whereupon hashing goes on in light mode. Memory is given back when the last VM on it is gone.</summary>
    public void SetMemory(MemoryMode memory) => _slots.SetMemory(memory);

    /// <summary>Says that a hash with the dataset of a key was wrong: if others or its file helped with it, it is made again without them.</summary>
    public void DoubtDataset(Hash256 key) => _slots.DoubtDataset(key);

    /// <summary>Creates the fastest hasher that is possible for a key now. The caller disposes it.</summary>
    /// <param name="key">Any key; only those last set have VMs.</param>
    /// <param name="numaNode">The NUMA node that will hash; one without a dataset of its own gets the first one's.</param>
    /// <param name="isFull">Whether it reads the dataset, or the part that is held in hybrid mode.</param>
    /// <returns>Null when the key has no cache yet, or is not one of those last set.</returns>
    /// <exception cref="InsufficientMemoryException">No memory for the VM.</exception>
    public IHasher? TryCreateVm(Hash256 key, int numaNode, out bool isFull)
    {
        lock (_slots.Gate)
        {
            KeySlot? slot = _slots.Find(key);
            isFull = slot?.Datasets.Count > 0;
            if (slot?.Cache is not IRandomXCache cache)
                return null;
            if (!isFull)
                return slot.Engine.CreateLight(cache, _options.Pages);
            RandomXDataset dataset = DatasetOf(slot, numaNode);
            return dataset.IsPart
                ? slot.Engine.CreateHybrid(cache, dataset, _options.Pages)
                : slot.Engine.CreateFull(dataset, _options.Pages);
        }
    }

    /// <summary>A claim on the dataset of a key, which the caller disposes soon: as long as it is held, memory cannot be given back.</summary>
    /// <returns>Null when it is not complete.</returns>
    public HeldDataset? TryHoldDataset(Hash256 key)
    {
        lock (_slots.Gate)
            return _slots.Find(key) is { Datasets: [RandomXDataset first, ..] } slot ? new HeldDataset(first, slot.Progress.ItemsTotal) : null;
    }

    /// <summary>Whether <see cref="TryCreateVm"/> gives a full VM for a key.</summary>
    public bool IsDatasetReady(Hash256 key)
    {
        lock (_slots.Gate)
            return _slots.Find(key)?.DatasetState == DatasetState.Ready;
    }

    /// <summary>Whether full mode will become possible for a key that is in light mode now.</summary>
    public bool IsDatasetComing(Hash256 key)
    {
        lock (_slots.Gate)
        {
            return _slots.Memory != MemoryMode.Light
                && _slots.Find(key)?.DatasetState is DatasetState.None or DatasetState.Building or DatasetState.Loading;
        }
    }

    /// <summary>Waits until <see cref="TryCreateVm"/> gives at least a light VM for a key.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or the key is not, or no longer, one of those set.</exception>
    /// <exception cref="InsufficientMemoryException">No memory for the cache.</exception>
    /// <exception cref="RandomXUnavailableException">No usable librandomx.</exception>
    public Task WaitForCacheAsync(Hash256 key, CancellationToken cancellation)
    {
        lock (_slots.Gate)
        {
            return _slots.Find(key)?.CacheReady.Task.WaitAsync(cancellation)
                ?? Task.FromCanceled(new CancellationToken(canceled: true));
        }
    }

    /// <summary>Cancels what is being made and gives up all memory; VMs keep theirs until they are disposed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_slots.Close())
            return;
        await _stop.CancelAsync();
        await Completion;
        _stop.Dispose();
    }

    /// <summary>A hasher for re-checks, see <see cref="IRandomXEngine.CreateVerifier"/>, or null as in <see cref="TryCreateVm"/>.</summary>
    public IHasher? TryCreateVerifier(Hash256 key, bool isCompiled)
    {
        lock (_slots.Gate)
        {
            return _slots.Find(key) is { Cache: IRandomXCache cache } slot
                ? slot.Engine.CreateVerifier(cache, isCompiled, _options.Pages)
                : null;
        }
    }

    /// <summary>Whether a key is one of those last set.</summary>
    internal bool Holds(Hash256 key)
    {
        lock (_slots.Gate)
            return _slots.Find(key) is not null;
    }

    private RandomXDataset DatasetOf(KeySlot slot, int numaNode)
    {
        for (int i = 0; i < _options.Nodes.Count; i++)
        {
            if (_options.Nodes[i].Node == numaNode)
                return slot.Datasets[i];
        }
        return slot.Datasets[0];
    }
}
