using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Storage;

/// <summary>
/// Keeps what peers stored with us within bounds. A peer over its own share loses its oldest entry. When all shares together are too much, the
/// peer that holds the most loses its oldest: whoever floods pushes out himself. Not safe for concurrent use.
/// </summary>
/// <param name="perPeer">Largest weight of one peer's entries.</param>
/// <param name="total">Largest weight of all entries.</param>
internal sealed class PeerQuota<TKey>(long perPeer, long total)
    where TKey : notnull
{
    private readonly Dictionary<PeerId, Share> _shares = [];
    private readonly SortedSet<Share> _byWeight = new(Comparer<Share>.Create(Compare));
    private long _order;
    private long _weight;

    /// <summary>Weight of all entries.</summary>
    internal long Weight => _weight;

    /// <summary>Peers that have entries.</summary>
    internal int Peers => _shares.Count;

    /// <summary>Enters a new entry, the peer's youngest, and gives back the entries that have to go for it, already taken out.</summary>
    internal List<(PeerId Peer, TKey Key)> Add(PeerId peer, TKey key, long weight)
    {
        Remove(peer, key);
        Change(peer, share => share.Put(key, weight, ++_order), weight);
        List<(PeerId, TKey)> evicted = [];
        while (_shares[peer].Weight > perPeer && _shares[peer].Count > 1)
            evicted.Add((peer, RemoveOldest(peer)));
        while (_weight > total && _byWeight.Max is Share largest)
            evicted.Add((largest.Peer, RemoveOldest(largest.Peer)));
        return evicted;
    }

    internal void Remove(PeerId peer, TKey key)
    {
        if (_shares.TryGetValue(peer, out Share? share) && share.TryGetWeight(key, out long weight))
            Change(peer, changed => changed.Take(key), -weight);
    }

    private TKey RemoveOldest(PeerId peer)
    {
        TKey key = _shares[peer].Oldest;
        Remove(peer, key);
        return key;
    }

    private void Change(PeerId peer, Action<Share> change, long weight)
    {
        if (_shares.TryGetValue(peer, out Share? share))
            _byWeight.Remove(share);
        else
            _shares.Add(peer, share = new Share(peer, ++_order));
        change(share);
        _weight += weight;
        if (share.Count > 0)
            _byWeight.Add(share);
        else
            _shares.Remove(peer);
    }

    private static int Compare(Share left, Share right)
    {
        int order = left.Weight.CompareTo(right.Weight);
        return order != 0 ? order : left.Number.CompareTo(right.Number);
    }

    /// <summary>One peer's entries in the order in which they came.</summary>
    private sealed class Share(PeerId peer, long number)
    {
        private readonly Dictionary<TKey, (long Weight, long Order)> _entries = [];
        private readonly SortedDictionary<long, TKey> _byAge = [];

        internal PeerId Peer => peer;

        internal long Number => number;

        internal long Weight { get; private set; }

        internal int Count => _entries.Count;

        internal TKey Oldest => _byAge.First().Value;

        internal bool TryGetWeight(TKey key, out long weight)
        {
            bool found = _entries.TryGetValue(key, out (long Weight, long Order) entry);
            weight = entry.Weight;
            return found;
        }

        internal void Put(TKey key, long weight, long order)
        {
            _entries.Add(key, (weight, order));
            _byAge.Add(order, key);
            Weight += weight;
        }

        internal void Take(TKey key)
        {
            (long weight, long order) = _entries[key];
            _entries.Remove(key);
            _byAge.Remove(order);
            Weight -= weight;
        }
    }
}
