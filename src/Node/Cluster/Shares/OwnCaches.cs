using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Cluster.Entry;

namespace P2PMiner.Node.Cluster.Shares;

/// <summary>
/// Caches of keys that the miner does not use, filled one at a time while checks under other keys go on. Two of them, so that somebody who has
/// others check shares under a key of his own does not take away the one that is needed. Thread-safe.
/// </summary>
/// <param name="keys">The miner's caches and datasets.</param>
/// <param name="pages">Pages of the caches.</param>
/// <param name="availableMemory">Bytes that can still be taken; null when unknown.</param>
/// <param name="time">Measures idleness.</param>
/// <param name="logger">Told of caches.</param>
internal sealed class OwnCaches(KeyStore keys, PagePreference pages, Func<long?> availableMemory, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>Caches at once; the one that was used last longest ago goes.</summary>
    public const int Capacity = 2;

    /// <summary>Caches that are filled at once after a pause, and then one in this time: nobody shall keep a CPU busy with it.</summary>
    public const int Burst = 2;

    /// <inheritdoc cref="Burst"/>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(20);

    /// <summary>Filling a cache takes seconds on a slow machine; within this time the next page of a chain comes.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(60);

    /// <summary>A cache with its hasher, and what is left for the rest of the system.</summary>
    private const long NeededMemory = MemoryPlanner.CacheBytes + ManagedEngine.MaxLightLanes * MemoryPlanner.LaneBytes + MemoryPlanner.SystemReserveBytes;

    private readonly SemaphoreSlim _filler = new(1);
    private readonly Lock _lock = new();
    private readonly List<Own> _caches = [];
    private readonly Bucket _fillings = new(Burst, 1 / Pause.TotalSeconds, time);

    /// <summary>Whether a key has a cache here.</summary>
    public bool Contains(Hash256 key)
    {
        lock (_lock)
            return _caches.Exists(own => own.Key == key);
    }

    /// <summary>A hasher on the cache of a key; null if there is none.</summary>
    /// <exception cref="InsufficientMemoryException">No memory for it.</exception>
    public IHasher? TryCreateVerifier(Hash256 key)
    {
        lock (_lock)
            return _caches.Find(own => own.Key == key) is { } own ? own.Engine.CreateVerifier(own.Cache, isCompiled: true, pages) : null;
    }

    /// <summary>Takes note that a key is in use.</summary>
    public void Use(Hash256 key)
    {
        lock (_lock)
        {
            if (_caches.Find(own => own.Key == key) is { } used)
                used.Used = time.GetTimestamp();
        }
    }

    /// <summary>Sees to it that a key has a cache.</summary>
    /// <param name="key">The key.</param>
    /// <param name="letGo">Disposes of what hashes on a cache, whose memory is given back only then.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <returns>False if there is no memory for it, or too many were filled a moment ago.</returns>
    public async Task<bool> FillAsync(Hash256 key, Func<CancellationToken, Task> letGo, CancellationToken cancellation)
    {
        await _filler.WaitAsync(cancellation);
        try
        {
            if (Contains(key))
                return true;
            if (!_fillings.TryTake())
                return false;
            for (int left = Capacity - 1; left >= 0; left--)
            {
                if (DropBut(left))
                    await letGo(cancellation);
                if (HasMemory())
                    break;
            }
            if (!HasMemory())
            {
                logger.LogWarning("Shares under key {Key} cannot be checked: that takes {Mib} MiB more than there is", key, NeededMemory >> 20);
                return false;
            }
            logger.LogInformation("Filling a cache to check shares under key {Key}, which the miner does not use", key);
            Own filled = await Task.Run(() => Fill(key), CancellationToken.None);
            lock (_lock)
                _caches.Add(filled);
            return true;
        }
        catch (Exception error) when (error is InsufficientMemoryException or RandomXUnavailableException)
        {
            logger.LogWarning("Shares under key {Key} cannot be checked: {Reason}", key, error.Message);
            return false;
        }
        finally
        {
            _filler.Release();
        }
    }

    /// <summary>Gives up what nobody has used for long.</summary>
    public void DropIdle()
    {
        lock (_lock)
        {
            foreach (Own idle in _caches.Where(own => time.GetElapsedTime(own.Used) > Idle).ToArray())
                Drop(idle);
        }
    }

    public void Dispose()
    {
        DropBut(0);
        _filler.Dispose();
    }

    /// <summary>With one of these in memory a second one may not take what the miner's next cache needs.</summary>
    private bool HasMemory()
    {
        lock (_lock)
            return !(availableMemory() < NeededMemory + _caches.Count * MemoryPlanner.CacheBytes);
    }

    private Own Fill(Hash256 key)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        key.CopyTo(bytes);
        IRandomXEngine engine = keys.Engine;
        return new Own(key, engine, engine.CreateCache(bytes, pages)) { Used = time.GetTimestamp() };
    }

    /// <returns>Whether there was anything to drop.</returns>
    private bool DropBut(int count)
    {
        lock (_lock)
        {
            Own[] dropped = [.. _caches.OrderByDescending(own => own.Used).Skip(count)];
            foreach (Own own in dropped)
                Drop(own);
            return dropped.Length > 0;
        }
    }

    private void Drop(Own own)
    {
        _caches.Remove(own);
        own.Cache.Dispose();
    }

    private sealed class Own(Hash256 key, IRandomXEngine engine, IRandomXCache cache)
    {
        public Hash256 Key => key;

        public IRandomXEngine Engine => engine;

        public IRandomXCache Cache => cache;

        public long Used { get; set; }
    }
}
