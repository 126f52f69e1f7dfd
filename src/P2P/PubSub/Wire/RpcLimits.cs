namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>
/// How much is taken of one RPC. With more entries it is not processed at all; ids and peers beyond their limit are passed over, for the
/// specification sets no limit, and a peer that leaves many topics at once has many peers to name.
/// </summary>
internal static class RpcLimits
{
    /// <summary>Subscriptions, messages, and entries of each control kind; as js-libp2p has it.</summary>
    internal const int MaxEntries = 5000;

    /// <summary>Ids of one IHAVE, IWANT or IDONTWANT entry; as js-libp2p has it for the first two.</summary>
    internal const int MaxIdsPerList = 5000;

    /// <summary>Ids of all entries together: several full IHAVE lists, one per topic.</summary>
    internal const int MaxIds = 4 * MaxIdsPerList;

    /// <summary>Peers of all PRUNE entries together: js-libp2p takes 16 in each.</summary>
    internal const int MaxPeerInfos = 256;

    /// <summary>Longest topic, in bytes of UTF-8.</summary>
    internal const int MaxTopicSize = 512;
}
