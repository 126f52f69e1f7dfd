namespace P2PMiner.P2P.Dht.Wire;

/// <summary>A value under its key (libp2p/specs, kad-dht/README.md, "RPC messages", Record).</summary>
/// <param name="Key">Equal to the key of the message that carries it.</param>
/// <param name="Value">What is stored.</param>
/// <param name="TimeReceived">RFC 3339 text of when the sender received it; empty if it says nothing.</param>
internal sealed record DhtRecord(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, string TimeReceived = "");
