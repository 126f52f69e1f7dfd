using Microsoft.Extensions.Logging;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX;

/// <summary>Makes the caches of a <see cref="KeyStore"/> in the background, one after the other, the current key's first.</summary>
/// <param name="slots">Where they are missing, and go.</param>
/// <param name="options">As given to the store.</param>
/// <param name="time">Measures.</param>
/// <param name="log">Gets a line for every cache, and for every one that cannot be made.</param>
internal sealed class CachePreparer(KeySlots slots, KeyStoreOptions options, TimeProvider time, ILogger log)
{
    private readonly WakeSignal _work = new();

    /// <summary>Called after every attempt to make a cache.</summary>
    internal Action? Attempted { get; set; }

    /// <summary>Looks for work. Returns at once.</summary>
    internal void Wake() => _work.Set();

    internal async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (TakeWork() is KeySlot slot)
                await MakeAsync(slot);
            else if (!await _work.TryWaitAsync(stop))
                return;
        }
    }

    private KeySlot? TakeWork()
    {
        lock (slots.Gate)
        {
            KeySlot? slot = slots.All.FirstOrDefault(slot => slot.CacheState == CacheState.None);
            if (slot is null)
                return null;
            slot.CacheState = CacheState.Building;
            slot.BeginWork();
            return slot;
        }
    }

    private async Task MakeAsync(KeySlot slot)
    {
        long start = time.GetTimestamp();
        try
        {
            IRandomXCache cache = await Task.Factory.StartNew(
                () => Create(slot), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            TimeSpan elapsed = time.GetElapsedTime(start);
            slots.Publish(slot, () => slot.SetCache(cache, elapsed));
            log.LogInformation(
                "RandomX cache for key {Key} ready in {Seconds:F2} s ({Pages} pages)", slot.Key, elapsed.TotalSeconds, cache.PageKind);
            slot.CacheReady.TrySetResult();
        }
        catch (RandomXUnavailableException e) when (options.Fallback is IRandomXEngine fallback && slot.Engine != fallback)
        {
            log.LogError("Engine {Engine} is not used: {Reason}", slot.Engine.Name, e.Message);
            slots.Publish(slot, () => slot.CacheState = CacheState.Failed);
            slots.ReplaceEngine(fallback);
        }
        catch (Exception e) when (e is InsufficientMemoryException or RandomXUnavailableException)
        {
            // Whoever waited may end the program, and the log has to say why by then.
            log.LogError("No RandomX cache for key {Key}: {Reason}", slot.Key, e.Message);
            slots.Publish(slot, () => slot.CacheState = CacheState.Failed);
            slot.CacheReady.TrySetException(e);
        }
        Attempted?.Invoke();
    }

    private IRandomXCache Create(KeySlot slot)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        slot.Key.CopyTo(bytes);
        IRandomXCache cache = slot.Engine.CreateCache(bytes, options.Pages);
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
}
