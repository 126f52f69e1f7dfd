namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>The fields of a message as slices of a buffer (libp2p/specs, pubsub/README.md, "The Message").</summary>
internal struct MessageEntry
{
    internal Slice From;
    internal Slice Data;
    internal Slice SequenceNumber;
    internal Slice Topic;
    internal Slice Signature;
    internal Slice Key;
}
