namespace P2PMiner.P2P.Dht.Wire;

/// <summary>A request or an answer (libp2p/specs, kad-dht/README.md, "RPC messages").</summary>
internal sealed record DhtMessage(DhtMessageType Type, ReadOnlyMemory<byte> Key = default)
{
    internal DhtRecord? Record { get; init; }

    internal IReadOnlyList<DhtPeer> CloserPeers { get; init; } = [];

    internal IReadOnlyList<DhtPeer> ProviderPeers { get; init; } = [];
}
