namespace P2PMiner.P2P.PubSub;

/// <summary>
/// A subscription; disposing of the last one of a topic leaves the topic (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md, "Topic Membership").
/// </summary>
public interface ISubscription : IAsyncDisposable
{
    string Topic { get; }
}
