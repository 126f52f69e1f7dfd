using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.PubSub;

/// <summary>
/// How a <see cref="GossipSub"/> behaves. Defaults are those of js-libp2p and the specification (libp2p/specs,
/// pubsub/gossipsub/gossipsub-v1.1.md, "Overview of New Parameters") unless a member says otherwise.
/// </summary>
public sealed record PubSubOptions
{
    public const string Version10 = "/meshsub/1.0.0";
    public const string Version11 = "/meshsub/1.1.0";
    public const string Version12 = "/meshsub/1.2.0";

    /// <summary>Protocols to offer and accept, the preferred one first; any of the three above.</summary>
    public IReadOnlyList<string> Protocols { get; init; } = [Version12, Version11, Version10];

    /// <summary>Must be the same at all peers.</summary>
    public SignaturePolicy Signatures { get; init; } = SignaturePolicy.Sign;

    /// <summary>
    /// Must be the same at all peers. Null: <see cref="PubSub.MessageId.Specification"/>, or <see cref="PubSub.MessageId.Content"/> where
    /// messages are not signed.
    /// </summary>
    public MessageIdFunction? MessageId { get; init; }

    public MeshOptions Mesh { get; init; } = new();

    public GossipOptions Gossip { get; init; } = new();

    public PubSubLimits Limits { get; init; } = new();

    public PeerScoreOptions Scores { get; init; } = new();

    public ScoreThresholds Thresholds { get; init; } = new();

    /// <summary>
    /// Send own messages to all subscribers above the publish threshold, not to the mesh only
    /// (gossipsub-v1.1.md, "Flood Publishing").
    /// </summary>
    public bool FloodPublish { get; init; } = true;

    /// <summary>
    /// Name other peers in PRUNE, and connect to those that we are named by a peer above the threshold for it
    /// (gossipsub-v1.1.md, "PRUNE Backoff and Peer Exchange").
    /// </summary>
    public bool PeerExchange { get; init; }

    /// <summary>
    /// Peers to stay connected to and to send everything to, outside of the mesh and of all scores; the agreement must be mutual
    /// (gossipsub-v1.1.md, "Explicit Peering Agreements").
    /// </summary>
    public IReadOnlyList<PeerId> DirectPeers { get; init; } = [];

    /// <summary>
    /// Ignore messages that are not above the highest sequence number of their author among those old enough to have left the seen cache.
    /// Authors with random sequence numbers, which the specification does not allow, need this off.
    /// </summary>
    public bool IgnoreReplays { get; init; } = true;

    /// <summary>
    /// Told of each connection that is ended because of its peer's score, just before its end, on a thread of the pool; must return at once.
    /// </summary>
    public Action<IPeerConnection>? CuttingOff { get; init; }

    /// <summary>Told of everything that goes on; null costs nothing.</summary>
    public IPubSubTrace? Trace { get; init; }

    /// <exception cref="ArgumentException">Options that contradict each other; the message names them.</exception>
    internal void Validate()
    {
        string[] known = [Version12, Version11, Version10];
        if (Protocols.Count == 0 || Protocols.Except(known).Any())
            throw new ArgumentException($"{nameof(Protocols)}: some of {string.Join(", ", known)}");
        bool idNeedsAuthor = MessageId == PubSub.MessageId.Specification || MessageId == PubSub.MessageId.JsLibp2p;
        if (Signatures == SignaturePolicy.NoSign && idNeedsAuthor)
            throw new ArgumentException($"{nameof(MessageId)}: messages without author need an id made of their content");
        Mesh.Validate();
        Gossip.Validate();
        Limits.Validate();
        Scores.Validate();
        Thresholds.Validate();
    }

    internal MessageIdFunction IdFunction =>
        MessageId ?? (Signatures == SignaturePolicy.Sign ? PubSub.MessageId.Specification : PubSub.MessageId.Content);
}
