using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
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
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly DatasetMaker _datasets;
    private readonly bool _isWhole;
    private readonly CancellationTokenSource _stop = new();
    private readonly WakeSignal _cacheWork = new();
    private readonly WakeSignal _datasetWork = new();

    private readonly Lock _gate = new();
    private KeySlot? _current;
    private KeySlot? _next;
    private KeySlot? _building;
    private bool _buildingAhead;
    private CancellationTokenSource? _buildingStop;
    private bool _disposed;
    private int _generation;
    private volatile IRandomXEngine _engine;

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
        _engine = options.Engine;
        _time = time;
        _log = log;
        _datasets = new DatasetMaker(options, time, log, datasetItems);
        _isWhole = datasetItems == RandomXLibrary.DatasetItemCount;
        Completion = Task.WhenAll(RunCachesAsync(), RunDatasetsAsync());
    }

    /// <summary>
    /// Called after every change, and four times a second while a dataset is made, on any thread. Must return soon and
    /// not throw.
    /// </summary>
    public event Action<KeyStoreStatus>? StatusChanged;

    /// <summary>Ends after disposal. Faults when the background work died, which nothing here can mend.</summary>
    public Task Completion { get; }

    /// <summary>Grows whenever the keys change or a better VM for any key has become possible.</summary>
    public int Generation => Volatile.Read(ref _generation);

    /// <summary>What hashes; changes when it fails.</summary>
    public IRandomXEngine Engine => _engine;

    /// <summary>A snapshot.</summary>
    public KeyStoreStatus Status
    {
        get
        {
            lock (_gate)
            {
                IEnumerable<KeySlot?> slots = [_current, _next];
                return new KeyStoreStatus(Generation, [.. slots.OfType<KeySlot>().Select(s => s.Status(s == _current))]);
            }
        }
    }

    /// <summary>Sets the keys to keep ready and returns at once. Other keys' memory is given up.</summary>
    /// <param name="current">The key to hash with.</param>
    /// <param name="next">The key after it, when it is known.</param>
    /// <exception cref="ObjectDisposedException">The store is disposed.</exception>
    public void SetKeys(Hash256 current, Hash256? next)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (next == current)
                next = null;
            if (_current?.Key == current && _next?.Key == next)
                return;
            KeySlot? oldCurrent = _current;
            KeySlot? oldNext = _next;
            _current = Find(oldCurrent, oldNext, current) ?? new KeySlot(current, _engine);
            _next = next is Hash256 key ? Find(oldCurrent, oldNext, key) ?? new KeySlot(key, _engine) : null;
            StopOutdatedBuild();
            RetireUnlessKept(oldCurrent);
            RetireUnlessKept(oldNext);
            Volatile.Write(ref _generation, _generation + 1);
        }
        _cacheWork.Set();
        _datasetWork.Set();
        StatusChanged?.Invoke(Status);
    }

    /// <summary>Changes what hashes: all memory is given up and made anew.</summary>
    public void ReplaceEngine(IRandomXEngine engine)
    {
        lock (_gate)
        {
            if (_disposed || _engine == engine)
                return;
            _engine = engine;
            KeySlot? oldCurrent = _current;
            KeySlot? oldNext = _next;
            _current = oldCurrent is null ? null : new KeySlot(oldCurrent.Key, engine);
            _next = oldNext is null ? null : new KeySlot(oldNext.Key, engine);
            StopOutdatedBuild();
            oldCurrent?.Retire();
            oldNext?.Retire();
            Volatile.Write(ref _generation, _generation + 1);
        }
        _cacheWork.Set();
        _datasetWork.Set();
        StatusChanged?.Invoke(Status);
    }

    /// <summary>Creates the fastest hasher that is possible for a key now. The caller disposes it.</summary>
    /// <param name="key">Any key; only those last set have VMs.</param>
    /// <param name="numaNode">The NUMA node that will hash; one without a dataset of its own gets the first one's.</param>
    /// <param name="isFull">Whether it reads the dataset.</param>
    /// <returns>Null when the key has no cache yet, or is not one of those last set.</returns>
    /// <exception cref="InsufficientMemoryException">No memory for the VM.</exception>
    public IHasher? TryCreateVm(Hash256 key, int numaNode, out bool isFull)
    {
        lock (_gate)
        {
            KeySlot? slot = Find(_current, _next, key);
            isFull = slot?.Datasets.Count > 0;
            if (slot?.Cache is not IRandomXCache cache)
                return null;
            return isFull
                ? slot.Engine.CreateFull(DatasetOf(slot, numaNode), _options.Pages)
                : slot.Engine.CreateLight(cache, _options.Pages);
        }
    }

    /// <summary>Whether <see cref="TryCreateVm"/> gives a full VM for a key.</summary>
    public bool IsDatasetReady(Hash256 key)
    {
        lock (_gate)
            return Find(_current, _next, key)?.DatasetState == DatasetState.Ready;
    }

    /// <summary>Whether full mode will become possible for a key that is in light mode now.</summary>
    public bool IsDatasetComing(Hash256 key)
    {
        lock (_gate)
        {
            KeySlot? slot = Find(_current, _next, key);
            return _options.Memory == MemoryMode.Full
                && slot?.DatasetState is DatasetState.None or DatasetState.Building or DatasetState.Loading;
        }
    }

    /// <summary>Waits until <see cref="TryCreateVm"/> gives at least a light VM for a key.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or the key is not, or no longer, one of those set.</exception>
    /// <exception cref="InsufficientMemoryException">No memory for the cache.</exception>
    /// <exception cref="RandomXUnavailableException">No usable librandomx.</exception>
    public Task WaitForCacheAsync(Hash256 key, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return Find(_current, _next, key)?.CacheReady.Task.WaitAsync(cancellation)
                ?? Task.FromCanceled(new CancellationToken(canceled: true));
        }
    }

    /// <summary>Cancels what is being made and gives up all memory; VMs keep theirs until they are disposed.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _current?.Retire();
            _next?.Retire();
            (_current, _next) = (null, null);
        }
        await _stop.CancelAsync();
        await Completion;
        _stop.Dispose();
    }

    /// <summary>A hasher for re-checks, see <see cref="IRandomXEngine.CreateVerifier"/>, or null as in <see cref="TryCreateVm"/>.</summary>
    public IHasher? TryCreateVerifier(Hash256 key, bool isCompiled)
    {
        lock (_gate)
        {
            return Find(_current, _next, key) is { Cache: IRandomXCache cache } slot
                ? slot.Engine.CreateVerifier(cache, isCompiled, _options.Pages)
                : null;
        }
    }

    /// <summary>Whether a key is one of those last set.</summary>
    internal bool Holds(Hash256 key)
    {
        lock (_gate)
            return Find(_current, _next, key) is not null;
    }

    private static KeySlot? Find(KeySlot? first, KeySlot? second, Hash256 key) =>
        first?.Key == key ? first : second?.Key == key ? second : null;

    private RandomXDataset DatasetOf(KeySlot slot, int numaNode)
    {
        for (int i = 0; i < _options.Nodes.Count; i++)
        {
            if (_options.Nodes[i].Node == numaNode)
                return slot.Datasets[i];
        }
        return slot.Datasets[0];
    }

    private void RetireUnlessKept(KeySlot? slot)
    {
        if (slot is not null && slot != _current && slot != _next)
            slot.Retire();
    }

    private void StopOutdatedBuild()
    {
        bool replaced = _building != _current && _building != _next;
        bool lessUrgent = _building == _next && _current?.DatasetState == DatasetState.None;
        // At low priority it would not get on beside light mode, so it starts again.
        bool tooSlow = _building == _current && _buildingAhead && _building?.DatasetState != DatasetState.Ready;
        if (_building is not null && (replaced || lessUrgent || tooSlow))
            _ = _buildingStop?.CancelAsync(); // Callbacks must not run under the lock.
    }

    private async Task RunCachesAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            KeySlot? slot = TakeCacheWork();
            if (slot is not null)
                await MakeCacheAsync(slot);
            else if (!await WaitAsync(_cacheWork))
                return;
        }
    }

    private async Task<bool> WaitAsync(WakeSignal signal)
    {
        try
        {
            await signal.WaitAsync(_stop.Token);
            return true;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private KeySlot? TakeCacheWork()
    {
        lock (_gate)
        {
            IEnumerable<KeySlot?> slots = [_current, _next];
            KeySlot? slot = slots.FirstOrDefault(s => s?.CacheState == CacheState.None);
            if (slot is null)
                return null;
            slot.CacheState = CacheState.Building;
            slot.BeginWork();
            return slot;
        }
    }

    private async Task MakeCacheAsync(KeySlot slot)
    {
        long start = _time.GetTimestamp();
        try
        {
            IRandomXCache cache = await Task.Factory.StartNew(
                () => CreateCache(slot), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            TimeSpan elapsed = _time.GetElapsedTime(start);
            Publish(slot, () => slot.SetCache(cache, elapsed));
            _log.LogInformation(
                "RandomX cache for key {Key} ready in {Seconds:F2} s ({Pages} pages)", slot.Key, elapsed.TotalSeconds, cache.PageKind);
            slot.CacheReady.TrySetResult();
        }
        catch (RandomXUnavailableException e) when (_options.Fallback is IRandomXEngine fallback && slot.Engine != fallback)
        {
            _log.LogError("Engine {Engine} is not used: {Reason}", slot.Engine.Name, e.Message);
            Publish(slot, () => slot.CacheState = CacheState.Failed);
            ReplaceEngine(fallback);
        }
        catch (Exception e) when (e is InsufficientMemoryException or RandomXUnavailableException)
        {
            // Whoever waited may end the program, and the log has to say why by then.
            _log.LogError("No RandomX cache for key {Key}: {Reason}", slot.Key, e.Message);
            Publish(slot, () => slot.CacheState = CacheState.Failed);
            slot.CacheReady.TrySetException(e);
        }
        _datasetWork.Set();
    }

    private IRandomXCache CreateCache(KeySlot slot)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        slot.Key.CopyTo(bytes);
        IRandomXCache cache = slot.Engine.CreateCache(bytes, _options.Pages);
        try
        {
            // The self-test ran beside this; waiting here keeps TryCreateVm from waiting under the lock.
            slot.Engine.EnsureProven();
        }
        catch
        {
            cache.Dispose();
            throw;
        }
        return cache;
    }

    private async Task RunDatasetsAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            if (TakeDatasetWork(stop) is (KeySlot slot, IRandomXCache cache, bool ahead))
                await MakeDatasetAsync(slot, cache, ahead, stop.Token);
            else if (!await WaitAsync(_datasetWork))
                return;
        }
    }

    private (KeySlot Slot, IRandomXCache Cache, bool Ahead)? TakeDatasetWork(CancellationTokenSource stop)
    {
        lock (_gate)
        {
            bool currentDone = _current?.DatasetState is DatasetState.Ready or DatasetState.Failed;
            KeySlot? slot = currentDone && _options.PrepareNextDataset ? _next : _current;
            if (_options.Memory != MemoryMode.Full || slot is not { DatasetState: DatasetState.None, Cache: IRandomXCache cache })
                return null;
            slot.DatasetState = DatasetState.Building;
            slot.BeginWork();
            (_building, _buildingStop, _buildingAhead) = (slot, stop, slot == _next);
            return (slot, cache, _buildingAhead);
        }
    }

    private async Task MakeDatasetAsync(KeySlot slot, IRandomXCache cache, bool ahead, CancellationToken cancellation)
    {
        long start = _time.GetTimestamp();
        try
        {
            (IReadOnlyList<RandomXDataset> datasets, bool loaded) = await _datasets.MakeAsync(
                slot.Engine, cache, ahead, (state, progress) => ReportProgress(slot, state, progress), cancellation);
            TimeSpan elapsed = _time.GetElapsedTime(start);
            await PrepareAsync(slot, cache, datasets, cancellation);
            Change(() => slot.SetDatasets(datasets, elapsed));
            if (!loaded)
                await _datasets.SaveAsync(slot.Key, datasets[0], [.. Status.Keys.Select(k => k.Key)], cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            ResetUnlessReady(slot, DatasetState.None);
        }
        catch (RandomXUnavailableException e)
        {
            _log.LogError("Engine {Engine} does not hash with the dataset of key {Key}: {Reason}", slot.Engine.Name, slot.Key, e.Message);
            ResetUnlessReady(slot, DatasetState.Failed);
            if (_options.Fallback is IRandomXEngine fallback)
                ReplaceEngine(fallback);
        }
        catch (InsufficientMemoryException e)
        {
            _log.LogWarning("Hashing stays in light mode for key {Key}: {Reason}", slot.Key, e.Message);
            ResetUnlessReady(slot, DatasetState.Failed);
        }
        finally
        {
            lock (_gate)
            {
                (_building, _buildingStop) = (null, null);
                slot.EndWork();
            }
        }
    }

    private async Task PrepareAsync(
        KeySlot slot, IRandomXCache cache, IReadOnlyList<RandomXDataset> datasets, CancellationToken cancellation)
    {
        // A part of a dataset, as in tests, gives no hashes that could be compared.
        if (!_isWhole)
            return;
        try
        {
            await Task.Factory.StartNew(
                () => slot.Engine.PrepareFull(cache, datasets[0], _options.Pages, cancellation),
                cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch
        {
            foreach (RandomXDataset dataset in datasets)
                dataset.Dispose();
            throw;
        }
    }

    private void ReportProgress(KeySlot slot, DatasetState state, DatasetProgress progress)
    {
        lock (_gate)
        {
            if (slot.DatasetState is not (DatasetState.Building or DatasetState.Loading))
                return;
            slot.DatasetState = state;
            slot.Progress = progress;
        }
        StatusChanged?.Invoke(Status);
    }

    private void ResetUnlessReady(KeySlot slot, DatasetState state)
    {
        lock (_gate)
        {
            if (slot.DatasetState == DatasetState.Ready)
                return;
            slot.DatasetState = state;
            slot.Progress = default;
            Volatile.Write(ref _generation, _generation + 1);
        }
        StatusChanged?.Invoke(Status);
    }

    private void Publish(KeySlot slot, Action change) => Change(() =>
    {
        change();
        slot.EndWork();
    });

    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
            Volatile.Write(ref _generation, _generation + 1);
        }
        StatusChanged?.Invoke(Status);
    }
}
