namespace P2PMiner.P2P.Dht.Wire;

/// <summary>Field numbers of the messages (libp2p/specs, kad-dht/README.md, "RPC messages").</summary>
internal static class WireFields
{
    internal const int Type = 1;
    internal const int Key = 2;
    internal const int Record = 3;
    internal const int CloserPeers = 8;
    internal const int ProviderPeers = 9;

    internal const int RecordKey = 1;
    internal const int RecordValue = 2;
    internal const int RecordTime = 5;

    internal const int PeerId = 1;
    internal const int PeerAddress = 2;
}
