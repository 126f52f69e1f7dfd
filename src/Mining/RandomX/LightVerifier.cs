using P2PMiner.Mining.RandomX.Engines;

namespace P2PMiner.Mining.RandomX;

/// <summary>
/// Computes hashes by another path than the miner threads: from the cache instead of the dataset, interpreted instead of
/// compiled. A bad dataset, bad memory or a bad code generator therefore does not repeat its error here.
/// Where that takes longer than <see cref="SlowHash"/> per hash, and where several hashes are wanted at once, compiled VMs are
/// used, which compute them together. Thread-safe: calls take turns.
/// </summary>
public sealed class LightVerifier(KeyStore store, TimeProvider time) : IDisposable
{
    /// <summary>An interpreted hash that takes longer would hold up shares.</summary>
    public static readonly TimeSpan SlowHash = TimeSpan.FromMilliseconds(300);

    // The current and the next key, as the store, interpreted and compiled.
    private const int MaxVms = 4;

    private readonly Lock _gate = new();
    private readonly List<(Hash256 Key, bool IsCompiled, IHasher Vm)> _vms = [];
    private IRandomXEngine _engine = store.Engine;
    private bool _compiled;
    private bool _disposed;

    /// <summary>Hashes a blob with a key.</summary>
    /// <param name="key">One that the store holds, or that was used here shortly before.</param>
    /// <param name="blob">Any length.</param>
    /// <param name="hash">At least 32 bytes.</param>
    /// <returns>False when there is no cache for the key; <paramref name="hash"/> is then unchanged.</returns>
    /// <exception cref="ArgumentException">A shorter <paramref name="hash"/>.</exception>
    /// <exception cref="InsufficientMemoryException">No memory for a VM.</exception>
    public bool TryHash(Hash256 key, ReadOnlySpan<byte> blob, Span<byte> hash)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            IHasher? vm = FindOrCreate(key, _compiled);
            if (vm is null)
                return false;
            long start = time.GetTimestamp();
            vm.CalculateHash(blob, hash);
            if (!_compiled && time.GetElapsedTime(start) > SlowHash)
            {
                _compiled = true;
                DropAll(replaceable: true);
            }
            return true;
        }
    }

    /// <summary>Hashes blobs with a key, several together.</summary>
    /// <param name="key">As for a single blob.</param>
    /// <param name="blobs">Any number, of any lengths.</param>
    /// <param name="hashes">32 bytes per blob.</param>
    /// <returns>False when there is no cache for the key; <paramref name="hashes"/> is then unchanged.</returns>
    /// <exception cref="ArgumentException">Fewer bytes for <paramref name="hashes"/>.</exception>
    /// <exception cref="InsufficientMemoryException">No memory for a VM.</exception>
    public bool TryHash(Hash256 key, ReadOnlySpan<ReadOnlyMemory<byte>> blobs, Span<byte> hashes)
    {
        if (blobs.Length == 1)
            return TryHash(key, blobs[0].Span, hashes);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            IHasher? vm = FindOrCreate(key, isCompiled: true);
            if (vm is null)
                return false;
            for (int done = 0; done < blobs.Length; done += vm.Lanes)
                vm.CalculateHashes(blobs[done..Math.Min(done + vm.Lanes, blobs.Length)], hashes[(done * Hash256.Size)..]);
            return true;
        }
    }

    /// <summary>Gives up the VMs of keys that the store does not hold any more; what was found with them cannot be checked here then.</summary>
    public void DropReplaced()
    {
        lock (_gate)
        {
            for (int i = _vms.Count - 1; i >= 0; i--)
            {
                if (!store.Holds(_vms[i].Key))
                    DropAt(i);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            DropAll(replaceable: false);
        }
    }

    private IHasher? FindOrCreate(Hash256 key, bool isCompiled)
    {
        if (_engine != store.Engine)
        {
            // The one that made these was found faulty.
            _engine = store.Engine;
            DropAll(replaceable: false);
        }
        DropReplacedExcept(key);
        if (Find(key, isCompiled) is IHasher known)
            return known;
        IHasher? created = store.TryCreateVerifier(key, isCompiled);
        if (created is null)
            return Find(key, !isCompiled);
        if (_vms.Count == MaxVms)
            DropAt(0);
        _vms.Add((key, isCompiled, created));
        return created;
    }

    private IHasher? Find(Hash256 key, bool isCompiled)
    {
        foreach ((Hash256 known, bool isKnownCompiled, IHasher vm) in _vms)
        {
            if (known == key && isKnownCompiled == isCompiled)
                return vm;
        }
        return null;
    }

    // A VM keeps its cache of 256 MiB, so one of a replaced key stays only while that key is asked for.
    private void DropReplacedExcept(Hash256 key)
    {
        for (int i = _vms.Count - 1; i >= 0; i--)
        {
            if (_vms[i].Key != key && !store.Holds(_vms[i].Key))
                DropAt(i);
        }
    }

    private void DropAt(int index)
    {
        _vms[index].Vm.Dispose();
        _vms.RemoveAt(index);
    }

    /// <param name="replaceable">Only those that the store can give anew; late hits may still need the others.</param>
    private void DropAll(bool replaceable)
    {
        for (int i = _vms.Count - 1; i >= 0; i--)
        {
            if (!replaceable || store.Holds(_vms[i].Key))
                DropAt(i);
        }
    }
}
