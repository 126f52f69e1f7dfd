using P2PMiner.Mining;

namespace P2PMiner.Node.Cluster.Shares;

/// <summary>
/// Shares whose proof of work was found invalid, by their ids, which cover all that the proof does: nobody gets the same
/// hash computed twice. Keeps the newest. Thread-safe.
/// </summary>
internal sealed class RefusedShares
{
    public const int Capacity = 4096;

    private readonly Lock _lock = new();
    private readonly HashSet<Hash256> _ids = [];
    private readonly Queue<Hash256> _order = [];

    public void Add(Hash256 id)
    {
        lock (_lock)
        {
            if (!_ids.Add(id))
                return;
            _order.Enqueue(id);
            if (_order.Count > Capacity)
                _ids.Remove(_order.Dequeue());
        }
    }

    public bool Contains(Hash256 id)
    {
        lock (_lock)
            return _ids.Contains(id);
    }
}
