using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX;

/// <summary>
/// Makes the datasets of a <see cref="KeyStore"/> in the background, one key at a time: the current key's, then the next one's, in memory
/// where there is enough for two, else on the disk where that is wanted.
/// </summary>
/// <param name="slots">Where they are missing, and go.</param>
/// <param name="options">As given to the store.</param>
/// <param name="time">Measures.</param>
/// <param name="log">Gets a line for every one that cannot be made.</param>
/// <param name="datasetItems">Items that are computed; fewer than all only in tests.</param>
internal sealed class DatasetPreparer(KeySlots slots, KeyStoreOptions options, TimeProvider time, ILogger log, int datasetItems)
{
    // A hash by itself takes 25 to 70 ms; where nothing hashes, nothing is lost by this.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(200);

    private readonly DatasetMaker _datasets = new(options, time, log, datasetItems, () => IsCurrentMissing(slots));
    private readonly bool _isWhole = datasetItems == RandomXLibrary.DatasetItemCount;
    private readonly WakeSignal _work = new();

    private volatile Task _firstHash = Task.CompletedTask;

    // Under the lock of the slots.
    private KeySlot? _building;
    private bool _buildingAhead;
    private MemoryMode _buildingFor;
    private CancellationTokenSource? _buildingStop;

    /// <summary>As <see cref="KeyStore.LetGoFirst"/>.</summary>
    internal void LetGoFirst(Task firstHash) => _firstHash = firstHash;

    /// <summary>Ends work that is no longer the most urgent, and looks for other. Returns at once.</summary>
    internal void Wake()
    {
        lock (slots.Gate)
            StopOutdated();
        _datasets.DropUnwanted();
        _work.Set();
    }

    internal async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using CancellationTokenSource buildingStop = CancellationTokenSource.CreateLinkedTokenSource(stop);
            if (TakeWork(buildingStop) is (KeySlot slot, IRandomXCache cache, MemoryMode memory, bool ahead))
                await MakeAsync(slot, cache, memory, ahead, buildingStop.Token);
            else if (TakeAhead(buildingStop) is (KeySlot next, IRandomXCache nextCache))
                await KeepAheadAsync(next, nextCache, buildingStop.Token);
            else if (!await _work.TryWaitAsync(stop))
                break;
        }
        _datasets.DropUnwanted();
    }

    private static bool IsCurrentMissing(KeySlots slots)
    {
        lock (slots.Gate)
        {
            return slots.Memory == MemoryMode.Full && slots.Current is
            {
                CacheState: not CacheState.Failed,
                DatasetState: DatasetState.None or DatasetState.Building or DatasetState.Loading,
            };
        }
    }

    private void StopOutdated()
    {
        bool replaced = (_building != slots.Current && _building != slots.Next) || slots.Memory != _buildingFor;
        bool lessUrgent = _building == slots.Next && slots.Current?.DatasetState == DatasetState.None;
        // At low priority it would not get on beside light mode, so it starts again.
        bool tooSlow = _building == slots.Current && _buildingAhead && _building?.DatasetState != DatasetState.Ready;
        if (_building is not null && (replaced || lessUrgent || tooSlow))
            _ = _buildingStop?.CancelAsync(); // Callbacks must not run under the lock.
    }

    private (KeySlot Slot, IRandomXCache Cache, MemoryMode Memory, bool Ahead)? TakeWork(CancellationTokenSource stop)
    {
        lock (slots.Gate)
        {
            bool currentDone = slots.Current?.DatasetState is DatasetState.Ready or DatasetState.Failed;
            KeySlot? slot = currentDone && options.PrepareNextDataset ? slots.Next : slots.Current;
            if (slots.Memory == MemoryMode.Light || slot is not { DatasetState: DatasetState.None, Cache: IRandomXCache cache })
                return null;
            slot.DatasetState = DatasetState.Building;
            slot.BeginWork();
            (_building, _buildingStop, _buildingAhead, _buildingFor) = (slot, stop, slot == slots.Next, slots.Memory);
            return (slot, cache, _buildingFor, _buildingAhead);
        }
    }

    private (KeySlot Slot, IRandomXCache Cache)? TakeAhead(CancellationTokenSource stop)
    {
        lock (slots.Gate)
        {
            if (!_datasets.KeepsNext || slots.Memory != MemoryMode.Full || slots.Current?.DatasetState != DatasetState.Ready
                || slots.Next is not { IsKeepTried: false, Cache: IRandomXCache cache } slot)
            {
                return null;
            }
            slot.IsKeepTried = true;
            slot.BeginWork();
            (_building, _buildingStop, _buildingAhead, _buildingFor) = (slot, stop, true, slots.Memory);
            return (slot, cache);
        }
    }

    private async Task KeepAheadAsync(KeySlot slot, IRandomXCache cache, CancellationToken cancellation)
    {
        bool isKept = false;
        try
        {
            isKept = await _datasets.KeepAheadAsync(cache, KeysInUse, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            lock (slots.Gate)
                slot.IsKeepTried = false;
        }
        finally
        {
            EndWork(slot, () => slot.IsKept = isKept);
        }
        slots.Report();
    }

    private IReadOnlyCollection<Hash256> KeysInUse => [.. slots.Status.Keys.Select(k => k.Key)];

    private void EndWork(KeySlot slot, Action? change = null)
    {
        lock (slots.Gate)
        {
            (_building, _buildingStop) = (null, null);
            change?.Invoke();
            slot.EndWork();
        }
        _datasets.DropUnwanted();
    }

    private async Task MakeAsync(KeySlot slot, IRandomXCache cache, MemoryMode memory, bool ahead, CancellationToken cancellation)
    {
        await Task.WhenAny(_firstHash, Task.Delay(LongestWait, time, cancellation));
        long start = time.GetTimestamp();
        try
        {
            if (slot.IsRemoteDoubted)
                _datasets.Distrust(slot.Key);
            MadeDatasets made = await _datasets.MakeAsync(
                slot.Engine, cache, memory == MemoryMode.Hybrid, ahead, trusts: !slot.IsRemoteDoubted,
                (state, progress) => ReportProgress(slot, state, progress), cancellation);
            TimeSpan elapsed = time.GetElapsedTime(start);
            if (!await TryPrepareAsync(slot, cache, made, cancellation))
                return;
            if (TryPublish(slot, made, memory, elapsed))
                await _datasets.SaveAsync(slot.Key, made, elapsed, KeysInUse, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            ResetUnlessReady(slot, DatasetState.None);
        }
        catch (ObjectDisposedException) when (!slot.Datasets.Any())
        {
            log.LogDebug("The dataset for key {Key} was given up while it was written to disk", slot.Key);
        }
        catch (RandomXUnavailableException e)
        {
            log.LogError("Engine {Engine} does not hash with the dataset of key {Key}: {Reason}", slot.Engine.Name, slot.Key, e.Message);
            ResetUnlessReady(slot, DatasetState.Failed);
            if (options.Fallback is IRandomXEngine fallback)
                slots.ReplaceEngine(fallback);
        }
        catch (InsufficientMemoryException e)
        {
            log.LogWarning("Hashing stays in light mode for key {Key}: {Reason}", slot.Key, e.Message);
            ResetUnlessReady(slot, DatasetState.Failed);
        }
        finally
        {
            EndWork(slot);
        }
    }

    /// <summary>False when datasets are no longer wanted.</summary>
    private bool TryPublish(KeySlot slot, MadeDatasets made, MemoryMode memory, TimeSpan elapsed)
    {
        bool isWanted = false;
        slots.Change(() =>
        {
            slot.SetDatasets(made, elapsed);
            isWanted = slots.Memory == memory;
            if (!isWanted)
                slot.DropDatasets();
        });
        return isWanted;
    }

    /// <summary>Readies the engine for datasets; false when they are wrong and to be made again without others' help.</summary>
    private async Task<bool> TryPrepareAsync(KeySlot slot, IRandomXCache cache, MadeDatasets made, CancellationToken cancellation)
    {
        RandomXDataset dataset = made.Datasets[0];

        // In tests: it gives no hashes that could be compared.
        if (!_isWhole && !dataset.IsPart)
            return true;
        bool isReady = false;
        try
        {
            isReady = await Task.Factory.StartNew(
                () => Prepare(slot.Engine, cache, dataset, cancellation),
                cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            if (!isReady)
                ResetUnlessReady(slot, DatasetState.Failed);
        }
        catch (RandomXUnavailableException e) when (made.Origin.Remote + made.Origin.File > 0)
        {
            log.LogWarning(
                "The dataset for key {Key} that {Helper} helped with is computed again: {Reason}",
                slot.Key, made.Origin.File > 0 ? "its file" : "others", e.Message);
            slot.IsRemoteDoubted = true;
            ResetUnlessReady(slot, DatasetState.None);
        }
        finally
        {
            if (!isReady)
            {
                foreach (RandomXDataset useless in made.Datasets)
                    useless.Dispose();
            }
        }
        return isReady;
    }

    private bool Prepare(IRandomXEngine engine, IRandomXCache cache, RandomXDataset dataset, CancellationToken cancellation)
    {
        if (dataset.IsPart)
            return engine.PreparePart(cache, dataset, options.Pages, cancellation);
        engine.PrepareFull(cache, dataset, options.Pages, cancellation);
        return true;
    }

    private void ReportProgress(KeySlot slot, DatasetState state, DatasetProgress progress)
    {
        lock (slots.Gate)
        {
            if (slot.DatasetState is not (DatasetState.Building or DatasetState.Loading))
                return;
            slot.DatasetState = state;
            slot.Progress = progress;
        }
        slots.Report();
    }

    private void ResetUnlessReady(KeySlot slot, DatasetState state)
    {
        lock (slots.Gate)
        {
            if (slot.DatasetState == DatasetState.Ready)
                return;
        }
        slots.Change(() =>
        {
            slot.DatasetState = state;
            slot.Progress = default;
        });
    }
}
