namespace P2PMiner.P2P.PubSub;

/// <summary>
/// Bounds on what peers can make us hold and do (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "Spam Protection Measures", and our own).
/// </summary>
public sealed record PubSubLimits
{
    /// <summary>Longest RPC in bytes, as go-libp2p has it; a longer one resets the stream.</summary>
    public int MaxRpcSize { get; init; } = 1024 * 1024;

    /// <summary>Most data in a message in bytes; a message with more is dropped, and refused when published.</summary>
    public int MaxDataSize { get; init; } = 64 * 1024;

    /// <summary>Ids remembered as seen; beyond it the oldest are forgotten early.</summary>
    public int MaxSeen { get; init; } = 128 * 1024;

    /// <summary>Bytes of messages kept to answer IWANT; beyond it the oldest are dropped early.</summary>
    public long MaxCacheBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Topics that one peer may subscribe to; more are ignored. As js-libp2p, whose budget of 1 MiB comes to this.</summary>
    public int MaxTopicsPerPeer { get; init; } = 1000;

    /// <summary>RPCs with IHAVE that a peer may send between two heartbeats; more are ignored.</summary>
    public int MaxIHaveRpcs { get; init; } = 10;

    /// <summary>RPCs with IWANT that a peer may send between two heartbeats; more are ignored.</summary>
    public int MaxIWantRpcs { get; init; } = 10;

    /// <summary>Ids asked of a peer, and looked up for it, between two heartbeats.</summary>
    public int MaxIds { get; init; } = 5000;

    /// <summary>How often one message is sent to one peer that asks for it.</summary>
    public int MaxRetransmissions { get; init; } = 3;

    /// <summary>Ids that a peer may decline with IDONTWANT between two heartbeats.</summary>
    public int MaxIDontWant { get; init; } = 512;

    /// <summary>Peers that are named in a PRUNE, and that are connected to after one.</summary>
    public int MaxExchangedPeers { get; init; } = 16;

    /// <summary>
    /// Messages of one peer that await verification. When there are as many, no more is read from that peer until some are done, so that a
    /// flood waits at its source.
    /// </summary>
    public int MaxPendingPerPeer { get; init; } = 256;

    /// <summary>
    /// How fast messages of a topic, not counting duplicates, are read from one peer; a topic that is not named here has no limit. Who sends
    /// more is not read for so long, in any topic, and is held to it by the flow control of its connection. So give a topic several times
    /// what an honest neighbour forwards in it.
    /// </summary>
    public IReadOnlyDictionary<string, MessageRate> TopicRates { get; init; } = new Dictionary<string, MessageRate>();

    /// <summary>Validators that run at once for messages of one peer.</summary>
    public int MaxValidationsPerPeer { get; init; } = 64;

    /// <summary>Validators that run at once.</summary>
    public int MaxValidations { get; init; } = 1024;

    /// <summary>Bytes that wait to be sent to one peer, of our own messages and again of forwarded ones.</summary>
    public int MaxQueuedBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>A peer that has not taken what was written to it for so long, or not sent the rest of an RPC, is cut off.</summary>
    public TimeSpan SlowPeerTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long <see cref="GossipSub.PublishAsync"/> waits for a peer whose queue is full; one that stays full is not waited for again until it moves.</summary>
    public TimeSpan PublishWait { get; init; } = TimeSpan.FromSeconds(1);

    internal void Validate()
    {
        if (MaxDataSize <= 0 || MaxRpcSize < MaxDataSize + RpcOverhead || MaxQueuedBytes < MaxRpcSize)
            throw new ArgumentException($"{nameof(PubSubLimits)}: MaxDataSize + {RpcOverhead} <= MaxRpcSize <= MaxQueuedBytes is needed");
        if (Math.Min(MaxSeen, MaxPendingPerPeer) <= 0 || Math.Min(MaxValidations, MaxValidationsPerPeer) <= 0)
            throw new ArgumentException($"{nameof(PubSubLimits)}: limits must be positive");
        foreach ((string topic, MessageRate rate) in TopicRates)
            rate.Validate(topic);
    }

    /// <summary>Room for all fields of a message but its data.</summary>
    private const int RpcOverhead = 8 * 1024;
}
