using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.PubSub;

/// <summary>
/// A message of someone else (libp2p/specs, pubsub/README.md, "The Message"): its signature is verified before anyone sees it.
/// </summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Data">What was published. The memory is never used again, so it may be kept.</param>
/// <param name="From">Who published it; null if messages are not signed.</param>
/// <param name="SequenceNumber">The author's number for it; null if messages are not signed.</param>
/// <param name="Via">The peer that it came from first.</param>
/// <param name="Id">Its id.</param>
public sealed record PubSubMessage(
    string Topic, ReadOnlyMemory<byte> Data, PeerId? From, ulong? SequenceNumber, PeerId Via, ReadOnlyMemory<byte> Id)
{
    /// <summary>
    /// For validators to set: whom the message is not passed on to, because its author has sent it there himself. Those still hear of it by
    /// gossip. Called under a lock, so it must return at once; null passes it on to the whole mesh.
    /// </summary>
    public Predicate<PeerId>? IsSentTo { get; set; }
}

/// <summary>What a validator says of a message (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "Extended Validators").</summary>
public enum Verdict
{
    /// <summary>Deliver it and pass it on.</summary>
    Accept,

    /// <summary>Do neither, but hold it against no one.</summary>
    Ignore,

    /// <summary>Do neither, and hold it against those who sent it.</summary>
    Reject,
}

/// <summary>
/// Judges a message of others before it is delivered and passed on (libp2p/specs, pubsub/README.md, "Topic Validation"). An exception counts as <see cref="Verdict.Ignore"/> and is logged.
/// Validators run at once for different messages, and their number is limited, so one that never returns takes a place for good.
/// </summary>
public delegate ValueTask<Verdict> MessageValidator(PubSubMessage message, CancellationToken cancellation);

/// <summary>
/// Takes a message. Calls for one subscription never overlap; while one lasts, no further messages are delivered to it, and its senders
/// may have to wait. An exception is logged and otherwise ignored.
/// </summary>
public delegate void MessageHandler(PubSubMessage message);
