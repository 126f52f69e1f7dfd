namespace P2PMiner.P2P.PubSub;

/// <summary>Lazy gossip: announcing messages, asking for them, declining them (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md to v1.2.md).</summary>
public sealed record GossipOptions
{
    /// <summary>D_lazy: peers outside the mesh that are told of messages at each heartbeat, at least.</summary>
    public int DLazy { get; init; } = 6;

    /// <summary>Share of the peers outside the mesh that are told, if that is more (gossipsub-v1.1.md, "Adaptive Gossip Dissemination").</summary>
    public double Factor { get; init; } = 0.25;

    /// <summary>mcache_len: heartbeats that a message can be asked for.</summary>
    public int HistoryLength { get; init; } = 5;

    /// <summary>mcache_gossip: heartbeats that a message is announced.</summary>
    public int HistoryGossip { get; init; } = 3;

    /// <summary>
    /// Topics whose messages are announced only every <see cref="HistoryGossip"/> heartbeats, so that each is announced once: where authors
    /// send to all subscribers anyway, and a few seconds do not matter.
    /// </summary>
    public IReadOnlySet<string> RareTopics { get; init; } = new HashSet<string>();

    /// <summary>Within this, a peer must send a message that it announced and we asked for.</summary>
    public TimeSpan FollowUp { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long an id counts as seen.</summary>
    public TimeSpan SeenLifetime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Data of at least so many bytes make us send IDONTWANT (gossipsub-v1.2.md, "Basic scenario"); int.MaxValue turns it off.</summary>
    public int IDontWantMinSize { get; init; } = 512;

    internal void Validate()
    {
        if (HistoryGossip < 0 || HistoryLength < 1 || HistoryGossip > HistoryLength)
            throw new ArgumentException($"{nameof(GossipOptions)}: 0 <= HistoryGossip <= HistoryLength and 1 <= HistoryLength are needed");
        if (Factor is not (>= 0 and <= 1) || DLazy < 0)
            throw new ArgumentException($"{nameof(GossipOptions)}: DLazy must not be negative, and the factor between 0 and 1");
    }
}
