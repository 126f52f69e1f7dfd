namespace P2PMiner.P2P.Dht;

/// <summary>What happened in a query.</summary>
public enum DhtStep
{
    /// <summary>A peer that is not connected is about to be dialled.</summary>
    DialPeer,

    /// <summary>A request goes out.</summary>
    SendQuery,

    /// <summary>A remote answered, or took a message that has no answer.</summary>
    PeerResponse,

    /// <summary>A request failed; the query goes on without that peer.</summary>
    QueryError,

    /// <summary>Providers that were not known before.</summary>
    Provider,

    /// <summary>A valid value.</summary>
    Value,

    /// <summary>A peer was added to the routing table because it answered.</summary>
    AddPeer,

    /// <summary>One of the peers that the query was after.</summary>
    FinalPeer,

    /// <summary>One of the disjoint paths has nobody left to ask.</summary>
    PathEnded,
}
