using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>How many chunks each peer may still have: who needs datasets needs few, and who asks for more only costs others. Thread-safe.</summary>
internal sealed class PeerQuota(TimeProvider time)
{
    /// <summary>Chunks that a peer may have at once: datasets of this epoch and the next, and one more after a restart.</summary>
    public const int Burst = 3 * 2080;

    /// <summary>Then a dataset in half an hour.</summary>
    private const double ChunksPerSecond = 2080 / 1800.0;

    /// <summary>Peers that are remembered; beyond, the one that has been idle for longest is forgotten.</summary>
    private const int MaxPeers = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, (double Left, long At)> _peers = [];

    public bool TryTake(PeerId peer, int chunks)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            double left = Burst;
            if (_peers.TryGetValue(peer, out (double Left, long At) entry))
                left = Math.Min(Burst, entry.Left + time.GetElapsedTime(entry.At, now).TotalSeconds * ChunksPerSecond);
            else if (_peers.Count == MaxPeers)
                _peers.Remove(_peers.MinBy(pair => pair.Value.At).Key);
            bool isEnough = left >= chunks;
            _peers[peer] = (isEnough ? left - chunks : left, now);
            return isEnough;
        }
    }
}
