namespace P2PMiner.P2P.PubSub;

/// <summary>What one RPC holds, as on the wire (libp2p/specs, pubsub/gossipsub/gossipsub-v1.2.md, "Protobuf Extension").</summary>
public sealed record RpcContent(
    IReadOnlyList<SubscriptionChange> Subscriptions,
    IReadOnlyList<RpcMessage> Messages,
    IReadOnlyList<RpcIHave> IHave,
    IReadOnlyList<RpcIds> IWant,
    IReadOnlyList<RpcIds> IDontWant,
    IReadOnlyList<string> Graft,
    IReadOnlyList<RpcPrune> Prune);

/// <summary>One change of a peer's subscriptions (libp2p/specs, pubsub/README.md, "The RPC").</summary>
public sealed record SubscriptionChange(string Topic, bool Subscribe);

/// <summary>A message (libp2p/specs, pubsub/README.md, "The Message"); what it does not carry is null.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="DataSize">Bytes of data.</param>
/// <param name="From">The author's multihash.</param>
/// <param name="SequenceNumber">8 bytes, big endian.</param>
/// <param name="Signature">64 bytes for Ed25519.</param>
/// <param name="Key">The author's public key as protobuf.</param>
public sealed record RpcMessage(string Topic, int DataSize, byte[]? From, byte[]? SequenceNumber, byte[]? Signature, byte[]? Key);

/// <summary>Ids of messages of a topic that the sender has (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md, "IHAVE").</summary>
public sealed record RpcIHave(string Topic, IReadOnlyList<byte[]> Ids);

/// <summary>Ids of messages that the sender wants (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md, "IWANT"), or does not (gossipsub-v1.2.md, "IDONTWANT Message").</summary>
public sealed record RpcIds(IReadOnlyList<byte[]> Ids);

/// <summary>The sender leaves a mesh, or does not let us in (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "PRUNE Backoff and Peer Exchange").</summary>
/// <param name="Topic">The topic.</param>
/// <param name="BackoffSeconds">Null if the peer did not say, as those of version 1.0 do not.</param>
/// <param name="Peers">Peers offered instead.</param>
public sealed record RpcPrune(string Topic, ulong? BackoffSeconds, IReadOnlyList<RpcPeerInfo> Peers);

/// <summary>A peer offered in a PRUNE (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "PRUNE Backoff and Peer Exchange").</summary>
/// <param name="Peer">The multihash.</param>
/// <param name="HasSignedRecord">True if its addresses came with it.</param>
public sealed record RpcPeerInfo(byte[] Peer, bool HasSignedRecord);
