using Microsoft.Extensions.Logging;

namespace P2PMiner.P2P.PubSub.Local;

/// <summary>One handler of a topic.</summary>
internal sealed class Subscription(string topic, MessageHandler handler, Action<Subscription> leave, ILogger logger) : ISubscription
{
    private readonly Lock _lock = new();
    private int _disposed;

    public string Topic => topic;

    internal void Deliver(PubSubMessage message)
    {
        try
        {
            lock (_lock)
            {
                if (_disposed == 0)
                    handler(message);
            }
        }
        catch (Exception e)
        {
            PubSubLog.HandlerFailed(logger, topic, e);
        }
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            leave(this);
        return ValueTask.CompletedTask;
    }
}
