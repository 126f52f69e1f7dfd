namespace P2PMiner.P2P.Dht.Routing;

/// <summary>What came of offering a peer to the routing table.</summary>
internal enum AddResult
{
    /// <summary>It got a place.</summary>
    Added,

    /// <summary>It had one and is now the most recently seen.</summary>
    Refreshed,

    /// <summary>Its bucket is full; it waits.</summary>
    Waiting,

    /// <summary>It is ourselves, or its group of addresses has its share already.</summary>
    Refused,
}
