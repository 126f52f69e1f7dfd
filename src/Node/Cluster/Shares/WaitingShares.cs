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
    private readonly Dictionary<Hash256, TaskCompletionSource> _parents = [];
    private readonly Dictionary<PeerId, int> _peers = [];
    private int _count;

    public WaitingShares(ShareTree tree)
    {
        _tree = tree;
        tree.Added += OnAdded;
    }

    /// <summary>Waits for a link.</summary>
    /// <param name="parent">Its id.</param>
    /// <param name="peer">Who brought the share that waits.</param>
    /// <param name="patience">How long.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False if it did not come in time, or too many wait.</returns>
    public async Task<bool> WaitAsync(Hash256 parent, PeerId peer, Task patience, CancellationToken cancellation)
    {
        TaskCompletionSource arrival;
        lock (_lock)
        {
            if (_count >= Capacity || _peers.GetValueOrDefault(peer) >= PeerCapacity)
                return false;
            _count++;
            _peers[peer] = _peers.GetValueOrDefault(peer) + 1;
            if (!_parents.TryGetValue(parent, out arrival!))
                _parents[parent] = arrival = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        try
        {
            // It may have come between the look that missed it and the registration.
            if (_tree.TryGet(parent, out _))
                return true;
            await Task.WhenAny(arrival.Task, patience).WaitAsync(cancellation);
            return arrival.Task.IsCompleted || _tree.TryGet(parent, out _);
        }
        finally
        {
            Leave(parent, peer, arrival);
        }
    }

    private void Leave(Hash256 parent, PeerId peer, TaskCompletionSource arrival)
    {
        lock (_lock)
        {
            _count--;
            if (--_peers[peer] == 0)
                _peers.Remove(peer);
            if (_count == 0)
                _parents.Clear();
            else if (arrival.Task.IsCompleted)
                _parents.Remove(parent);
        }
    }

    /// <summary>Under the tree's lock, so only what is short.</summary>
    private void OnAdded(Link link)
    {
        lock (_lock)
        {
            if (_parents.Remove(link.Id, out TaskCompletionSource? arrival))
                arrival.TrySetResult();
        }
    }
}
