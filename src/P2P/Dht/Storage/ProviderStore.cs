using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Storage;

/// <summary>
/// Who announced to provide what (libp2p/specs, kad-dht/README.md, "Content provider advertisement and discovery"). Kept for a time and
/// within bounds: <see cref="PeerQuota{TKey}"/> says who gives way, and of one key the oldest announcement. Safe for concurrent use.
/// </summary>
internal sealed class ProviderStore(TimeSpan lifetime, TimeProvider time)
{
    /// <summary>Keys that one peer may provide; js-libp2p and go set no bound.</summary>
    internal const int MaxPerPeer = 2048;

    /// <summary>Entries of all peers; a few hundred bytes each.</summary>
    internal const int MaxTotal = 32 * 1024;

    /// <summary>Providers of one key.</summary>
    internal const int MaxPerKey = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<StoreKey, Dictionary<PeerId, DateTimeOffset>> _providers = [];
    private readonly PeerQuota<StoreKey> _quota = new(MaxPerPeer, MaxTotal);

    /// <summary>Entries of all keys.</summary>
    internal long Count
    {
        get
        {
            lock (_lock)
                return _quota.Weight;
        }
    }

    internal void Add(ReadOnlyMemory<byte> key, PeerId provider)
    {
        StoreKey stored = new(key);
        lock (_lock)
        {
            if (!_providers.TryGetValue(stored, out Dictionary<PeerId, DateTimeOffset>? providers))
                _providers.Add(stored, providers = []);
            if (providers.Count >= MaxPerKey && !providers.ContainsKey(provider))
                Take(stored, providers.MinBy(entry => entry.Value).Key);
            providers[provider] = time.GetUtcNow();
            foreach ((PeerId peer, StoreKey evicted) in _quota.Add(provider, stored, 1))
                Forget(evicted, peer);
        }
    }

    /// <summary>The providers of a key whose announcement is not too old, the youngest first.</summary>
    internal IReadOnlyList<PeerId> Find(ReadOnlyMemory<byte> key)
    {
        lock (_lock)
        {
            StoreKey stored = new(key);
            Expire(stored);
            return _providers.TryGetValue(stored, out Dictionary<PeerId, DateTimeOffset>? providers)
                ? [.. providers.OrderByDescending(entry => entry.Value).Select(entry => entry.Key)]
                : [];
        }
    }

    /// <summary>Drops what is too old.</summary>
    internal void Expire()
    {
        lock (_lock)
        {
            foreach (StoreKey key in _providers.Keys.ToArray())
                Expire(key);
        }
    }

    private void Expire(StoreKey key)
    {
        if (!_providers.TryGetValue(key, out Dictionary<PeerId, DateTimeOffset>? providers))
            return;
        DateTimeOffset now = time.GetUtcNow();
        foreach (PeerId old in providers.Where(entry => now - entry.Value >= lifetime).Select(entry => entry.Key).ToArray())
            Take(key, old);
    }

    private void Take(StoreKey key, PeerId provider)
    {
        _quota.Remove(provider, key);
        Forget(key, provider);
    }

    private void Forget(StoreKey key, PeerId provider)
    {
        if (_providers.TryGetValue(key, out Dictionary<PeerId, DateTimeOffset>? providers)
            && providers.Remove(provider)
            && providers.Count == 0)
            _providers.Remove(key);
    }
}
