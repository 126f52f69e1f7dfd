namespace P2PMiner.P2P.Dht;

/// <summary>Kinds of DHT requests, with their numbers on the wire (libp2p/specs, kad-dht/README.md, "RPC messages").</summary>
public enum DhtMessageType
{
    PutValue = 0,
    GetValue = 1,
    AddProvider = 2,
    GetProviders = 3,
    FindNode = 4,

    /// <summary>Deprecated: answered, never sent.</summary>
    Ping = 5,
}
