namespace P2PMiner.P2P.PubSub;

/// <summary>The fields of a message that an id can be made of (libp2p/specs, pubsub/README.md, "Message Identification").</summary>
public readonly ref struct MessageFields
{
    /// <summary>The author's peer id as multihash; empty if the message is not signed.</summary>
    public ReadOnlySpan<byte> From { get; init; }

    /// <summary>8 bytes, big endian; empty if the message is not signed.</summary>
    public ReadOnlySpan<byte> SequenceNumber { get; init; }

    /// <summary>The author's public key as protobuf, whether it came with the message or within the peer id; empty if the message is not signed.</summary>
    public ReadOnlySpan<byte> Key { get; init; }

    public ReadOnlySpan<byte> Data { get; init; }

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> Topic { get; init; }
}
