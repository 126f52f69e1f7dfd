using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Entry;

/// <summary>
/// Members that have proved themselves: each found a share, which took work that nobody gets for nothing, and has not been caught at anything
/// since. All others are strangers. What a share took while the chain was young proves nobody when shares take much more. Thread-safe.
/// </summary>
internal sealed class Standing
{
    /// <summary>Peers that are remembered; beyond it, who was heard least recently is forgotten.</summary>
    public const int Capacity = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, LinkedListNode<Merit>> _proven = [];
    private readonly LinkedList<Merit> _order = [];
    private UInt128 _least;

    /// <summary>A stranger has become none. Raised outside the lock.</summary>
    public event Action<PeerId>? Proven;

    public bool IsProven(PeerId peer)
    {
        lock (_lock)
            return _proven.TryGetValue(peer, out LinkedListNode<Merit>? known) && known.Value.Difficulty >= _least;
    }

    /// <summary>From now on only members are proven who found a share of this difficulty or more.</summary>
    public void Require(UInt128 difficulty)
    {
        lock (_lock)
            _least = difficulty;
    }

    /// <summary>A share that the peer found is valid.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="difficulty">Of the share; null where it does not matter.</param>
    public void Prove(PeerId peer, UInt128? difficulty = null)
    {
        UInt128 most = difficulty ?? UInt128.MaxValue;
        bool isNew;
        lock (_lock)
        {
            isNew = !_proven.TryGetValue(peer, out LinkedListNode<Merit>? known) || known.Value.Difficulty < _least;
            if (known is not null)
            {
                _order.Remove(known);
                most = UInt128.Max(most, known.Value.Difficulty);
            }
            else if (_proven.Count == Capacity)
            {
                Forget(_order.First!.Value.Peer);
            }
            _proven[peer] = _order.AddLast(new Merit(peer, most));
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
        if (_proven.Remove(peer, out LinkedListNode<Merit>? known))
            _order.Remove(known);
    }

    /// <param name="Peer">Who.</param>
    /// <param name="Difficulty">Of his best share.</param>
    private sealed record Merit(PeerId Peer, UInt128 Difficulty);
}
