using P2PMiner.Mining;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// The RandomX keys of the last Monero jobs: only under these is a share with a Monero proof believed, so that nobody
/// can make this node fill caches for keys of his own choice. Keeps the newest <see cref="Capacity"/>.
/// </summary>
internal sealed class KnownKeys
{
    /// <summary>An epoch lasts days, so this covers every share that can still be of use, on several networks.</summary>
    public const int Capacity = 8;

    private readonly Lock _lock = new();
    private readonly List<Hash256> _keys = [];

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<Hash256> All
    {
        get
        {
            lock (_lock)
                return [.. _keys];
        }
    }

    public void Add(Hash256 key)
    {
        lock (_lock)
        {
            if (_keys.Contains(key))
                return;
            if (_keys.Count == Capacity)
                _keys.RemoveAt(0);
            _keys.Add(key);
        }
    }

    public bool Contains(Hash256 key)
    {
        lock (_lock)
            return _keys.Contains(key);
    }
}
