using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>Peers that sent right chunks in this run, and were not shut out since. Thread-safe.</summary>
internal sealed class Helpers
{
    /// <summary>Peers that are remembered; beyond it new ones are passed over.</summary>
    public const int Capacity = 1024;

    private readonly Lock _lock = new();
    private readonly HashSet<PeerId> _peers = [];

    public bool Contains(PeerId peer)
    {
        lock (_lock)
            return _peers.Contains(peer);
    }

    public void Add(PeerId peer)
    {
        lock (_lock)
        {
            if (_peers.Count < Capacity)
                _peers.Add(peer);
        }
    }

    public void Remove(PeerId peer)
    {
        lock (_lock)
            _peers.Remove(peer);
    }
}
