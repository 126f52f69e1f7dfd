namespace P2PMiner.P2P.PubSub.Scoring;

/// <summary>What the score of one peer is made of. Outlives the connection for a while if it is bad.</summary>
internal sealed class PeerStats
{
    internal bool IsConnected { get; set; }

    /// <summary>When the peer disconnected.</summary>
    internal long Left { get; set; }

    internal double BehaviourPenalty { get; set; }

    /// <summary>The peers of the same address; null if the address has no IP or is exempt.</summary>
    internal ColocatedPeers? Colocated { get; set; }

    /// <summary>Of scored topics only, so bounded by the options.</summary>
    internal Dictionary<string, TopicStats> Topics { get; } = new(StringComparer.Ordinal);
}
