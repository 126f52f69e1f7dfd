namespace P2PMiner.P2P.Dht.Lookups;

/// <summary>What has become of a peer in a lookup.</summary>
internal enum LookupPeerState
{
    /// <summary>Somebody named it.</summary>
    Seen,

    /// <summary>A request is under way.</summary>
    Asked,

    Answered,

    Failed,
}
