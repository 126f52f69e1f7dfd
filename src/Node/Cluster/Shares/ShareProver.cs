using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Cluster.Shares;

/// <summary>What became of a check of proof of work.</summary>
internal enum Proof
{
    Valid,

    Invalid,

    /// <summary>There is no memory for the key's cache; nothing is said about the share.</summary>
    Unknown,
}

/// <summary>Computes the proof of work of a share of any origin whose key is known.</summary>
internal delegate Task<Proof> ProofCheck(Share share, CancellationToken cancellation);

/// <summary>Computes the proof of work of a block of any origin whose key is known.</summary>
internal delegate Task<Proof> BlobCheck(Hash256 key, ReadOnlyMemory<byte> blob, UInt128 difficulty, CancellationToken cancellation);

/// <summary>
/// Checks the proof of work of others' shares, one at a time, on threads of the pool: with the fastest hasher that the miner's
/// memory gives, and again on the light path before anyone is blamed. For a key that the miner does not use, it fills
/// a cache of its own, one at a time, and gives it up when it is not asked for.
/// </summary>
/// <param name="keys">The miner's caches and datasets.</param>
/// <param name="light">The other path.</param>
/// <param name="pages">Pages of a cache of its own.</param>
/// <param name="availableMemory">Bytes that can still be taken; null when unknown.</param>
/// <param name="time">Measures idleness.</param>
/// <param name="logger">Told of caches, and of contradictions between the paths.</param>
internal sealed class ShareProver(KeyStore keys, LightVerifier light, PagePreference pages, Func<long?> availableMemory, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>A VM keeps memory of a replaced key alive, so it goes when nothing was checked for this long.</summary>
    private static readonly TimeSpan VmIdle = TimeSpan.FromSeconds(5);

    /// <summary>Filling a cache takes seconds on a slow machine; within this time the next page of a chain comes.</summary>
    private static readonly TimeSpan CacheIdle = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Between two caches of its own: whoever sends shares under one key after the other shall not keep a CPU busy with it.
    /// </summary>
    private static readonly TimeSpan CachePause = TimeSpan.FromSeconds(20);

    /// <summary>A cache with its hasher, and what is left for the rest of the system.</summary>
    private const long NeededMemory = MemoryPlanner.CacheBytes + MemoryPlanner.ThreadBytes + MemoryPlanner.SystemReserveBytes;

    private readonly SemaphoreSlim _turn = new(1);
    private IHasher? _vm;
    private Hash256 _vmKey;
    private int _vmGeneration;
    private IRandomXCache? _cache;
    private Hash256 _cacheKey;
    private long? _cacheMade;
    private long _lastUse;

    public Task<Proof> CheckAsync(Share share, CancellationToken cancellation)
    {
        byte[] blob = new byte[HashingBlob.MaxSize];
        return CheckAsync(share.Header.Key, blob.AsMemory(0, share.WriteHashingBlob(blob)), share.Header.Difficulty, cancellation);
    }

    /// <summary>Checks the proof of work of anything that is hashed under a known key.</summary>
    /// <param name="key">The RandomX key.</param>
    /// <param name="blob">What is hashed.</param>
    /// <param name="difficulty">What the hash has to meet.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<Proof> CheckAsync(Hash256 key, ReadOnlyMemory<byte> blob, UInt128 difficulty, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            return await IsCacheComingAsync(key, cancellation)
                ? await Task.Run(() => Check(key, blob.Span, difficulty), cancellation)
                : Proof.Unknown;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Gives up what is idle, until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(VmIdle, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            await _turn.WaitAsync(cancellation);
            try
            {
                TimeSpan idle = time.GetElapsedTime(_lastUse);
                if (idle > VmIdle)
                    DropVm();
                if (idle > CacheIdle)
                    DropCache();
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    /// <summary>Only when no check runs.</summary>
    public void Dispose()
    {
        DropVm();
        DropCache();
        _turn.Dispose();
    }

    /// <summary>Waits while the miner makes the key's cache, rather than making another one.</summary>
    /// <returns>False if there is no memory for it.</returns>
    private async Task<bool> IsCacheComingAsync(Hash256 key, CancellationToken cancellation)
    {
        if (keys.Status.Keys.All(known => known.Key != key))
            return true;
        try
        {
            await keys.WaitForCacheAsync(key, cancellation);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The miner has gone on to another key.
            return true;
        }
        catch (Exception error) when (error is InsufficientMemoryException or RandomXUnavailableException)
        {
            return false;
        }
    }

    private Proof Check(Hash256 key, ReadOnlySpan<byte> blob, UInt128 difficulty)
    {
        Span<byte> hash = stackalloc byte[Hash256.Size];
        _lastUse = time.GetTimestamp();
        try
        {
            if (VmFor(key) is not IHasher vm)
                return Proof.Unknown;
            vm.CalculateHash(blob, hash);
        }
        catch (InsufficientMemoryException error)
        {
            logger.LogWarning("No memory to check shares under key {Key}: {Reason}", key, error.Message);
            return Proof.Unknown;
        }
        if (Difficulty.IsMet(hash, difficulty))
            return Proof.Valid;
        if (!light.TryHash(key, blob, hash) || !Difficulty.IsMet(hash, difficulty))
            return Proof.Invalid;
        logger.LogError("Two ways to hash give two results: unstable memory or overclocking is the usual cause");
        return Proof.Valid;
    }

    private IHasher? VmFor(Hash256 key)
    {
        int generation = keys.Generation;
        if (_vm is not null && _vmKey == key && (_vmGeneration == generation || _cacheKey == key))
            return _vm;
        DropVm();
        _vm = keys.IsDatasetReady(key) ? keys.TryCreateVm(key, numaNode: 0, out _) : keys.TryCreateVerifier(key, isCompiled: true);
        if (_vm is null && CacheFor(key) is IRandomXCache own)
            _vm = keys.Engine.CreateVerifier(own, isCompiled: true, pages);
        (_vmKey, _vmGeneration) = (key, generation);
        return _vm;
    }

    /// <summary>Null when there is no memory for it, or another one was made a moment ago.</summary>
    private IRandomXCache? CacheFor(Hash256 key)
    {
        if (_cache is not null && _cacheKey == key)
            return _cache;
        if (_cacheMade is long made && time.GetElapsedTime(made) < CachePause)
            return null;
        _cacheMade = time.GetTimestamp();
        DropCache();
        if (availableMemory() < NeededMemory)
        {
            logger.LogWarning("Shares under key {Key} cannot be checked: that takes {Mib} MiB more than there is", key, NeededMemory >> 20);
            return null;
        }
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        key.CopyTo(bytes);
        logger.LogInformation("Filling a cache to check shares under key {Key}, which the miner does not use", key);
        _cache = keys.Engine.CreateCache(bytes, pages);
        _cacheKey = key;
        return _cache;
    }

    private void DropVm()
    {
        _vm?.Dispose();
        _vm = null;
    }

    private void DropCache()
    {
        DropVm();
        _cache?.Dispose();
        _cache = null;
        _cacheKey = Hash256.Zero;
    }
}
