using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Storage;

/// <summary>
/// The values that others, and we, put here. Kept for a time and within bounds (<see cref="PeerQuota{TKey}"/> says who gives way); our own
/// are bounded by who publishes them and never give way. Safe for concurrent use.
/// </summary>
internal sealed class RecordStore(PeerId local, TimeSpan lifetime, TimeProvider time)
{
    /// <summary>Bytes of one peer's records.</summary>
    internal const long MaxPerPeer = 1024 * 1024;

    /// <summary>Bytes of all peers' records.</summary>
    internal const long MaxTotal = 16 * 1024 * 1024;

    /// <summary>What a record counts besides its bytes, for its place in the maps.</summary>
    internal const int Overhead = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<StoreKey, StoredRecord> _records = [];
    private readonly PeerQuota<StoreKey> _quota = new(MaxPerPeer, MaxTotal);

    internal int Count
    {
        get
        {
            lock (_lock)
                return _records.Count;
        }
    }

    /// <summary>The record of a key, or null if there is none or it is too old.</summary>
    internal StoredRecord? Find(ReadOnlyMemory<byte> key)
    {
        lock (_lock)
            return FindFresh(new StoreKey(key));
    }

    /// <summary>Stores a valid value unless a better one is here; an equal one is as good as new.</summary>
    /// <returns>False if the stored one is better.</returns>
    internal bool TryPut(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, PeerId from, IRecordValidator validator)
    {
        StoreKey stored = new(key);
        lock (_lock)
        {
            PeerId owner = from;
            if (FindFresh(stored) is StoredRecord old)
            {
                bool same = old.Value.Span.SequenceEqual(value.Span);
                if (!same && validator.Compare(key.Span, old.Value.Span, value.Span) > 0)
                    return false;
                // Sending again what is here does not make it count as the sender's: it would go when he floods.
                if (same && !from.Equals(local))
                    owner = old.From;
            }
            Take(stored);
            _records[stored] = new StoredRecord(value, owner, time.GetUtcNow());
            if (owner.Equals(local))
                return true;
            foreach ((_, StoreKey evicted) in _quota.Add(owner, stored, Overhead + key.Length + value.Length))
                _records.Remove(evicted);
        }
        return true;
    }

    internal void Remove(ReadOnlyMemory<byte> key)
    {
        lock (_lock)
            Take(new StoreKey(key));
    }

    /// <summary>Drops what is too old.</summary>
    internal void Expire()
    {
        lock (_lock)
        {
            foreach (StoreKey key in _records.Keys.ToArray())
                FindFresh(key);
        }
    }

    private StoredRecord? FindFresh(StoreKey key)
    {
        if (!_records.TryGetValue(key, out StoredRecord? record))
            return null;
        if (time.GetUtcNow() - record.Received < lifetime)
            return record;
        Take(key);
        return null;
    }

    private void Take(StoreKey key)
    {
        if (_records.Remove(key, out StoredRecord? record))
            _quota.Remove(record.From, key);
    }
}
