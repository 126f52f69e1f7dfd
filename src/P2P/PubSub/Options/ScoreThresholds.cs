namespace P2PMiner.P2P.PubSub;

/// <summary>
/// What follows from a score (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "Score Thresholds"). Below 0 a peer is in no mesh.
/// Defaults as js-libp2p and rust-libp2p.
/// </summary>
public sealed record ScoreThresholds
{
    /// <summary>Below this, no gossip is exchanged.</summary>
    public double Gossip { get; init; } = -10;

    /// <summary>Below this, own messages are not sent to the peer.</summary>
    public double Publish { get; init; } = -50;

    /// <summary>Below this, everything from the peer is ignored, and whoever falls below it is cut off.</summary>
    public double Graylist { get; init; } = -80;

    /// <summary>From this on, peers that it names in PRUNE are connected to.</summary>
    public double AcceptPeerExchange { get; init; } = 10;

    /// <summary>When the median of a mesh is below this, better peers are added to it.</summary>
    public double OpportunisticGraft { get; init; } = 20;

    internal void Validate()
    {
        if (!(Graylist <= Publish && Publish <= Gossip && Gossip <= 0 && AcceptPeerExchange >= 0 && OpportunisticGraft >= 0))
            throw new ArgumentException($"{nameof(ScoreThresholds)}: Graylist <= Publish <= Gossip <= 0 and the others >= 0 are needed");
    }
}
