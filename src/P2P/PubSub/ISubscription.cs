namespace P2PMiner.P2P.PubSub;

/// <summary>A subscription; disposing of the last one of a topic leaves the topic.</summary>
public interface ISubscription : IAsyncDisposable
{
    string Topic { get; }
}
