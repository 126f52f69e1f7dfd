namespace P2PMiner.P2P.Dht;

/// <summary>What part a node takes in the DHT (libp2p/specs, kad-dht/README.md, "Client and server mode").</summary>
public enum DhtMode
{
    /// <summary>None: asks nobody and keeps nothing.</summary>
    Off,

    /// <summary>Asks others, and neither lists nor serves the protocol.</summary>
    Client,

    /// <summary>Also answers others and stores what they publish.</summary>
    Server,
}
