namespace P2PMiner.P2P.PubSub;

/// <summary>The degrees and times of the mesh (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md and v1.1.md, "Parameters").</summary>
public sealed record MeshOptions
{
    /// <summary>D: peers wanted in a mesh. D, DLow, DHigh and DOut may all be 0, which makes a peer that never meshes.</summary>
    public int D { get; init; } = 6;

    /// <summary>D_lo: below this, peers are added up to <see cref="D"/>.</summary>
    public int DLow { get; init; } = 4;

    /// <summary>D_hi: above this, peers are pruned down to <see cref="D"/>.</summary>
    public int DHigh { get; init; } = 12;

    /// <summary>D_score: peers that are kept for their score when pruning; the others that stay are drawn.</summary>
    public int DScore { get; init; } = 4;

    /// <summary>D_out: peers in the mesh whose connection we began. Below <see cref="DLow"/> and at most half of <see cref="D"/>.</summary>
    public int DOut { get; init; } = 2;

    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>From the start to the first heartbeat.</summary>
    public TimeSpan FirstHeartbeat { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long two peers stay apart after PRUNE; told in whole seconds, rounded up.</summary>
    public TimeSpan PruneBackoff { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The same after an unsubscription.</summary>
    public TimeSpan UnsubscribeBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A GRAFT that comes earlier than this after PRUNE is penalised twice.</summary>
    public TimeSpan GraftFloodThreshold { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long peers for a topic that we only publish to are kept after the last message.</summary>
    public TimeSpan FanoutLifetime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Heartbeats between two attempts to better a mesh of low scores; 0 turns it off.</summary>
    public int OpportunisticGraftTicks { get; init; } = 60;

    /// <summary>Peers added by such an attempt.</summary>
    public int OpportunisticGraftPeers { get; init; } = 2;

    internal bool NeverMeshes => D == 0;

    internal void Validate()
    {
        bool ordered = DLow >= 0 && DLow <= D && D <= DHigh && DScore >= 0 && DOut >= 0;
        bool outbound = DOut == 0 || (DOut < DLow && DOut <= D / 2);
        if (!ordered || !outbound)
            throw new ArgumentException($"{nameof(MeshOptions)}: DLow <= D <= DHigh, DOut < DLow and DOut <= D / 2 are needed");
        if (Heartbeat <= TimeSpan.Zero || FirstHeartbeat < TimeSpan.Zero)
            throw new ArgumentException($"{nameof(Heartbeat)}: must be positive");
        if (PruneBackoff < TimeSpan.Zero || UnsubscribeBackoff < TimeSpan.Zero || PruneBackoff > Limit || UnsubscribeBackoff > Limit)
            throw new ArgumentException($"{nameof(PruneBackoff)}: from 0 to {Limit}");
    }

    /// <summary>The longest back-off that is given or obeyed.</summary>
    internal static TimeSpan Limit => TimeSpan.FromHours(1);
}
