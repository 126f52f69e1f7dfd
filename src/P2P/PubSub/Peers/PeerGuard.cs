using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub.Scoring;

namespace P2PMiner.P2P.PubSub.Peers;

/// <summary>Judges peers by their score, penalises those that break rules, and cuts off those that go on. Belongs to the router's lock.</summary>
internal sealed class PeerGuard(ScoreBoard scores, ScoreThresholds thresholds, Action<IPeerConnection>? cuttingOff, ILogger logger)
{
    /// <summary>RPCs of a graylisted peer that are ignored between two heartbeats before it is cut off for them.</summary>
    internal const int MaxIgnored = 100;

    internal ScoreThresholds Thresholds { get; } = thresholds;

    internal double Score(GossipPeer peer) => peer.IsDirect ? 0 : scores.Score(peer.Id, peer.Stats);

    /// <summary>Adds to P7 (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "The Score Function").</summary>
    internal void Penalise(GossipPeer peer, double penalty, string reason)
    {
        peer.Stats.BehaviourPenalty += penalty;
        PubSubMetrics.Penalties.Add(1, new KeyValuePair<string, object?>("reason", reason));
        PubSubLog.Penalised(logger, peer.Id, penalty, reason);
        Judge(peer, reason);
    }

    /// <summary>Counts one thing more than <paramref name="limit"/> allows.</summary>
    internal void PenaliseFlood(GossipPeer peer, int count, int limit, string reason)
    {
        if (count > limit)
            Penalise(peer, PeerBudget.FloodPenalty, reason);
    }

    /// <summary>Counts a thing of no use.</summary>
    internal void CountUseless(GossipPeer peer, string what) =>
        PenaliseFlood(peer, ++peer.Budget.Useless, PeerBudget.FloodUseless, what);

    /// <summary>After something was held against a peer: cuts it off if it has become graylisted.</summary>
    internal void Judge(GossipPeer peer, string reason)
    {
        if (Score(peer) < Thresholds.Graylist)
            CutOff(peer, reason);
    }

    /// <summary>False if an RPC of this peer is to be ignored.</summary>
    internal bool IsHeard(GossipPeer peer)
    {
        if (Score(peer) >= Thresholds.Graylist)
            return true;
        if (++peer.Budget.Ignored > MaxIgnored)
            CutOff(peer, "it goes on sending although it is graylisted");
        return false;
    }

    /// <summary>Ends the connection. Not on this thread: that would call back into whoever holds the lock.</summary>
    internal void CutOff(GossipPeer peer, string reason)
    {
        if (peer.IsCutOff)
            return;
        peer.IsCutOff = true;
        PubSubMetrics.CutOff.Add(1);
        PubSubLog.CutOff(logger, peer.Id, reason);
        ThreadPool.UnsafeQueueUserWorkItem(static work => work.Guard.End(work.Connection, work.reason), (Guard: this, peer.Connection, reason), preferLocal: false);
    }

    private void End(IPeerConnection connection, string reason)
    {
        cuttingOff?.Invoke(connection);
        connection.Abort($"pubsub: {reason}");
    }
}
