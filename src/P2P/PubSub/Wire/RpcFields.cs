namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>Field numbers of the RPC (libp2p/specs, pubsub/README.md and gossipsub/gossipsub-v1.0.md to v1.2.md, "Protobuf").</summary>
internal static class RpcFields
{
    internal const int Subscriptions = 1;
    internal const int Publish = 2;
    internal const int Control = 3;

    internal static class Subscription
    {
        internal const int Subscribe = 1;
        internal const int Topic = 2;
    }

    internal static class Message
    {
        internal const int From = 1;
        internal const int Data = 2;
        internal const int SequenceNumber = 3;
        internal const int Topic = 4;
        internal const int Signature = 5;
        internal const int Key = 6;
    }

    internal static class ControlMessage
    {
        internal const int IHave = 1;
        internal const int IWant = 2;
        internal const int Graft = 3;
        internal const int Prune = 4;
        internal const int IDontWant = 5;
    }

    /// <summary>Field 1 of IHAVE, GRAFT and PRUNE alike.</summary>
    internal const int ControlTopic = 1;

    internal const int IHaveIds = 2;

    /// <summary>Field 1 of IWANT and IDONTWANT alike.</summary>
    internal const int WantIds = 1;

    internal static class Prune
    {
        internal const int Peers = 2;
        internal const int Backoff = 3;
    }

    internal static class PeerInfo
    {
        internal const int PeerId = 1;
        internal const int SignedRecord = 2;
    }
}
