using P2PMiner.Mining;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// The RandomX keys of the last Monero jobs: only under these is a share with a Monero proof believed, so that nobody
/// can make this node fill caches for keys of his own choice. Keeps the <see cref="Capacity"/> that were named last, and the one that is mined under.
/// </summary>
internal sealed class KnownKeys
{
    /// <summary>An epoch lasts days, so this covers every share that can still be of use, on several networks.</summary>
    public const int Capacity = 8;

    private readonly Lock _lock = new();
    private readonly List<Hash256> _keys = [];
    private Hash256? _inUse;

    /// <summary>That which was not named for longest first.</summary>
    public IReadOnlyList<Hash256> All
    {
        get
        {
            lock (_lock)
                return [.. _keys];
        }
    }

    /// <summary>A job is under this key.</summary>
    public void Add(Hash256 key)
    {
        lock (_lock)
        {
            if (!_keys.Remove(key) && _keys.Count == Capacity)
                _keys.RemoveAt(_keys[0] == _inUse ? 1 : 0);
            _keys.Add(key);
        }
    }

    /// <summary>This node mines under this key from now on.</summary>
    public void Use(Hash256 key)
    {
        lock (_lock)
        {
            _inUse = key;
            Add(key);
        }
    }

    public bool Contains(Hash256 key)
    {
        lock (_lock)
            return _keys.Contains(key);
    }
}
