using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster;

/// <summary>
/// Who misbehaved outside of gossip, where the mesh's own scores do not look: such a peer is cut off, and unwelcome for a
/// while. Thread-safe.
/// </summary>
internal sealed class Conduct(TimeProvider time, ILogger logger)
{
    /// <summary>How long a peer is shut out.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMinutes(10);

    /// <summary>Peers remembered; beyond it the oldest are forgotten.</summary>
    private const int Capacity = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, long> _banned = [];
    private readonly Queue<PeerId> _order = [];

    /// <summary>A peer was shut out. Raised outside the lock.</summary>
    public event Action<PeerId>? Banned;

    public bool IsWelcome(PeerId peer)
    {
        lock (_lock)
            return !_banned.TryGetValue(peer, out long since) || time.GetElapsedTime(since) > Rest;
    }

    /// <summary>Shuts a peer out.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="reason">One line for the log.</param>
    public void Ban(PeerId peer, string reason)
    {
        lock (_lock)
        {
            if (!_banned.ContainsKey(peer))
                _order.Enqueue(peer);
            _banned[peer] = time.GetTimestamp();
            if (_order.Count > Capacity)
                _banned.Remove(_order.Dequeue());
        }
        logger.LogWarning("Peer {Peer} is shut out for {Minutes} minutes: {Reason}", peer, Rest.TotalMinutes, reason);
        Banned?.Invoke(peer);
    }
}
