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
/// Checks the proof of work of others' shares on a thread of the pool: with the fastest hasher that the miner's memory gives,
/// those that wait together, and again on the light path before anyone is blamed. For a key that the miner does not use, it
/// fills a cache of its own (<see cref="OwnCaches"/>), while checks under other keys go on.
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

    /// <summary>Proofs that are computed in one turn; more would keep another key waiting.</summary>
    private const int MaxTogether = 64;

    /// <summary>What a check takes before one was made, and how much of the figure each turn renews.</summary>
    private const double FirstCost = 0.03, CostRenewal = 0.2;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Lock _lock = new();
    private readonly OwnCaches _own = new(keys, pages, availableMemory, time, logger);
    private readonly List<Work> _waiting = [];
    private IHasher? _vm;
    private Hash256 _vmKey;
    private int _vmGeneration;
    private bool _isVmOwn;
    private long _lastUse;
    private double _cost = FirstCost;
    private long _checked;
    private long _ticks;

    /// <summary>Processor time that one check takes, as measured lately, the second path included where it was needed.</summary>
    public TimeSpan Cost => TimeSpan.FromSeconds(Volatile.Read(ref _cost));

    /// <summary>Proofs of work computed so far.</summary>
    public long Checked => Interlocked.Read(ref _checked);

    /// <summary>Processor time that they took.</summary>
    public TimeSpan ProcessorTime => new(Interlocked.Read(ref _ticks));

    /// <summary>Whether a check under a key takes a cache that is not there yet.</summary>
    public bool NeedsCache(Hash256 key) => keys.Status.Keys.All(known => known.Key != key) && !_own.Contains(key);

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
        if (!await IsCacheThereAsync(key, cancellation))
            return Proof.Unknown;
        Work mine = new(key, blob, difficulty);
        lock (_lock)
            _waiting.Add(mine);
        try
        {
            return await TakeTurnAsync(mine, cancellation);
        }
        finally
        {
            lock (_lock)
                _waiting.Remove(mine);
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
                if (time.GetElapsedTime(_lastUse) > VmIdle)
                    DropVm();

                // A node that has become a relay: what it found just before has been checked by now.
                if (keys.Status.Keys.Count == 0)
                    light.DropReplaced();
            }
            finally
            {
                _turn.Release();
            }
            _own.DropIdle();
        }
    }

    /// <summary>Only when no check runs.</summary>
    public void Dispose()
    {
        DropVm();
        _own.Dispose();
        _turn.Dispose();
    }

    // Whoever has the turn computes for all who wait with the same key; they find their result when theirs comes.
    private async Task<Proof> TakeTurnAsync(Work mine, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (mine.Result is Proof known)
                return known;
            await Task.Run(() => Check(Together(mine)), cancellation);
            return mine.Result!.Value;
        }
        finally
        {
            _turn.Release();
        }
    }

    private List<Work> Together(Work mine)
    {
        lock (_lock)
            return [mine, .. _waiting.Where(w => w != mine && w.Key == mine.Key && w.Result is null).Take(MaxTogether - 1)];
    }

    private async Task LetGoAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_isVmOwn)
                DropVm();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Waits while the miner makes the key's cache, rather than making another one; else makes one. Nobody else waits for it.</summary>
    /// <returns>False if there is no memory for it.</returns>
    private async Task<bool> IsCacheThereAsync(Hash256 key, CancellationToken cancellation)
    {
        if (keys.Status.Keys.All(known => known.Key != key))
            return _own.Contains(key) || await _own.FillAsync(key, LetGoAsync, cancellation);
        try
        {
            await keys.WaitForCacheAsync(key, cancellation);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The miner has gone on to another key.
            return await _own.FillAsync(key, LetGoAsync, cancellation);
        }
        catch (Exception error) when (error is InsufficientMemoryException or RandomXUnavailableException)
        {
            return false;
        }
    }

    private void Check(List<Work> together)
    {
        TimeSpan start = CurrentThread.ProcessorTime;
        byte[] hashes = new byte[together.Count * Hash256.Size];
        bool isHashed = TryHash(together, hashes);
        for (int i = 0; i < together.Count; i++)
            together[i].Result = isHashed ? Judge(together[i], hashes.AsSpan(i * Hash256.Size, Hash256.Size)) : Proof.Unknown;
        TimeSpan taken = CurrentThread.ProcessorTime - start;
        Volatile.Write(ref _cost, _cost + CostRenewal * (taken.TotalSeconds / together.Count - _cost));
        Interlocked.Add(ref _checked, together.Count);
        Interlocked.Add(ref _ticks, taken.Ticks);
    }

    private bool TryHash(List<Work> together, Span<byte> hashes)
    {
        Hash256 key = together[0].Key;
        ReadOnlySpan<ReadOnlyMemory<byte>> blobs = together.Select(work => work.Blob).ToArray();
        _lastUse = time.GetTimestamp();
        try
        {
            if (VmFor(key) is not IHasher vm)
                return false;
            for (int done = 0; done < blobs.Length; done += vm.Lanes)
                vm.CalculateHashes(blobs[done..Math.Min(done + vm.Lanes, blobs.Length)], hashes[(done * Hash256.Size)..]);
            return true;
        }
        catch (InsufficientMemoryException error)
        {
            logger.LogWarning("No memory to check shares under key {Key}: {Reason}", key, error.Message);
            return false;
        }
    }

    private Proof Judge(Work work, Span<byte> hash)
    {
        if (Difficulty.IsMet(hash, work.Difficulty))
            return Proof.Valid;
        if (!light.TryHash(work.Key, work.Blob.Span, hash) || !Difficulty.IsMet(hash, work.Difficulty))
            return Proof.Invalid;
        logger.LogError("Two ways to hash give two results: unstable memory or overclocking is the usual cause");
        return Proof.Valid;
    }

    private IHasher? VmFor(Hash256 key)
    {
        int generation = keys.Generation;
        _own.Use(key);
        if (_vm is not null && _vmKey == key && (_vmGeneration == generation || _isVmOwn))
            return _vm;
        DropVm();
        _vm = keys.IsDatasetReady(key) ? keys.TryCreateVm(key, numaNode: 0, out _) : keys.TryCreateVerifier(key, isCompiled: true);
        _isVmOwn = _vm is null;
        _vm ??= _own.TryCreateVerifier(key);
        (_vmKey, _vmGeneration) = (key, generation);
        return _vm;
    }

    private void DropVm()
    {
        _vm?.Dispose();
        _vm = null;
    }

    private sealed class Work(Hash256 key, ReadOnlyMemory<byte> blob, UInt128 difficulty)
    {
        public Hash256 Key { get; } = key;

        public ReadOnlyMemory<byte> Blob { get; } = blob;

        public UInt128 Difficulty { get; } = difficulty;

        public Proof? Result { get; set; }
    }
}
