namespace P2PMiner.P2P.PubSub;

/// <summary>Whether messages carry their author (libp2p/specs, pubsub/README.md, "Signature Policy Options").</summary>
public enum SignaturePolicy
{
    /// <summary>StrictSign: every message has author, sequence number and a valid signature.</summary>
    Sign,

    /// <summary>StrictNoSign: no message has any of them.</summary>
    NoSign,
}
