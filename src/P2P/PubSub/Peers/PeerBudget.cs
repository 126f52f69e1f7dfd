namespace P2PMiner.P2P.PubSub.Peers;

/// <summary>
/// What one peer has done since the last heartbeat. The first limit of a kind is where it is no longer listened to, the second, far above
/// what any setting of an honest peer leads to, where it begins to be penalised.
/// </summary>
internal sealed class PeerBudget
{
    /// <summary>RPCs with IHAVE or with IWANT beyond which each one is penalised.</summary>
    internal const int FloodRpcs = 100;

    /// <summary>GRAFT and PRUNE entries beyond which each one is penalised.</summary>
    internal const int FloodMeshEntries = 1000;

    /// <summary>Changes of subscriptions beyond which each one is penalised; a peer may announce all its topics at once, and again.</summary>
    internal const int FloodSubscriptions = 3000;

    /// <summary>
    /// Things of no use beyond which each one is penalised: empty RPCs, messages of topics that we are not subscribed to, the same message
    /// again from the same peer, messages that a validator rejects, more messages in one RPC than the rate of a topic allows.
    /// </summary>
    internal const int FloodUseless = 500;

    /// <summary>P7 for one thing too many: a flood of 30 is as good as three broken rules.</summary>
    internal const double FloodPenalty = 0.1;

    internal int IHaveRpcs { get; set; }

    internal int IWantRpcs { get; set; }

    /// <summary>Ids that we asked for.</summary>
    internal int Asked { get; set; }

    /// <summary>Ids that we looked up for it.</summary>
    internal int Served { get; set; }

    internal int MeshEntries { get; set; }

    internal int Subscriptions { get; set; }

    internal int Useless { get; set; }

    /// <summary>RPCs that were ignored because of its score.</summary>
    internal int Ignored { get; set; }

    internal void Heartbeat()
    {
        IHaveRpcs = IWantRpcs = Asked = Served = MeshEntries = Subscriptions = Useless = Ignored = 0;
    }
}
