using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Entry;

/// <summary>
/// Members that have proved themselves: each found a share, which took work that nobody gets for nothing, and has not been caught at anything
/// since. All others are strangers. Thread-safe.
/// </summary>
internal sealed class Standing
{
    /// <summary>Peers that are remembered; beyond it, who was heard least recently is forgotten.</summary>
    public const int Capacity = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, LinkedListNode<PeerId>> _proven = [];
    private readonly LinkedList<PeerId> _order = [];

    /// <summary>A stranger has become none. Raised outside the lock.</summary>
    public event Action<PeerId>? Proven;

    public bool IsProven(PeerId peer)
    {
        lock (_lock)
            return _proven.ContainsKey(peer);
    }

    /// <summary>A share that the peer found is valid.</summary>
    public void Prove(PeerId peer)
    {
        bool isNew;
        lock (_lock)
        {
            isNew = !_proven.TryGetValue(peer, out LinkedListNode<PeerId>? known);
            if (known is not null)
                _order.Remove(known);
            else if (_proven.Count == Capacity)
                Forget(_order.First!.Value);
            _proven[peer] = _order.AddLast(peer);
        }
        if (isNew)
            Proven?.Invoke(peer);
    }

    /// <summary>The peer did what no honest one does.</summary>
    public void Lose(PeerId peer)
    {
        lock (_lock)
            Forget(peer);
    }

    private void Forget(PeerId peer)
    {
        if (_proven.Remove(peer, out LinkedListNode<PeerId>? known))
            _order.Remove(known);
    }
}
