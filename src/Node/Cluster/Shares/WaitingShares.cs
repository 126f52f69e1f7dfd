using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Shares;

/// <summary>
/// Shares that came before their parents wait here, within bounds, until the parent is in the chain. Thread-safe.
/// </summary>
internal sealed class WaitingShares
{
    /// <summary>Shares that wait at once, in all and of one peer; more are not waited for.</summary>
    public const int Capacity = 256, PeerCapacity = 32;

    private readonly ShareTree _tree;
    private readonly Lock _lock = new();
    private readonly Dictionary<Hash256, Parent> _parents = [];
    private readonly Dictionary<PeerId, int> _peers = [];
    private int _count;

    public WaitingShares(ShareTree tree)
    {
        _tree = tree;
        tree.Added += OnAdded;
    }

    /// <summary>Links that are waited for now.</summary>
    internal int Awaited
    {
        get
        {
            lock (_lock)
                return _parents.Count;
        }
    }

    /// <summary>Waits for a link.</summary>
    /// <param name="id">The link's.</param>
    /// <param name="peer">Who brought the share that waits.</param>
    /// <param name="patience">How long.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False if it did not come in time, or too many wait.</returns>
    public async Task<bool> WaitAsync(Hash256 id, PeerId peer, Task patience, CancellationToken cancellation)
    {
        Parent? parent;
        lock (_lock)
        {
            if (_count >= Capacity || _peers.GetValueOrDefault(peer) >= PeerCapacity)
                return false;
            _count++;
            _peers[peer] = _peers.GetValueOrDefault(peer) + 1;
            if (!_parents.TryGetValue(id, out parent))
                _parents[id] = parent = new Parent();
            parent.Waiters++;
        }
        try
        {
            // It may have come between the look that missed it and the registration.
            if (_tree.TryGet(id, out _))
                return true;
            await Task.WhenAny(parent.Arrival.Task, patience).WaitAsync(cancellation);
            return parent.Arrival.Task.IsCompleted || _tree.TryGet(id, out _);
        }
        finally
        {
            Leave(id, peer, parent);
        }
    }

    private void Leave(Hash256 id, PeerId peer, Parent parent)
    {
        lock (_lock)
        {
            _count--;
            if (--_peers[peer] == 0)
                _peers.Remove(peer);
            if (--parent.Waiters == 0 && _parents.GetValueOrDefault(id) == parent)
                _parents.Remove(id);
        }
    }

    /// <summary>Under the tree's lock, so only what is short.</summary>
    private void OnAdded(Link link)
    {
        lock (_lock)
        {
            if (_parents.Remove(link.Id, out Parent? parent))
                parent.Arrival.TrySetResult();
        }
    }

    private sealed class Parent
    {
        public TaskCompletionSource Arrival { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Waiters { get; set; }
    }
}
