using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Peer;

/// <summary>Our topics; writes and counts the messages on them.</summary>
internal sealed class TopicSubscriptions(GossipSub gossipSub, JsonLines output)
{
    private const int MaxShown = 4096;

    private readonly ConcurrentDictionary<string, ISubscription> _subscriptions = new();
    private readonly ConcurrentDictionary<string, long> _counts = new();
    private long _received;
    private long _receivedBytes;

    public long Received => Interlocked.Read(ref _received);

    public long ReceivedBytes => Interlocked.Read(ref _receivedBytes);

    /// <summary>Messages by topic.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    public void Add(string topic)
    {
        if (!_subscriptions.ContainsKey(topic))
            _subscriptions[topic] = gossipSub.Subscribe(topic, Deliver);
    }

    public async Task RemoveAsync(string topic)
    {
        if (_subscriptions.TryRemove(topic, out ISubscription? subscription))
            await subscription.DisposeAsync();
    }

    private void Deliver(PubSubMessage message)
    {
        _counts.AddOrUpdate(message.Topic, 1, static (_, count) => count + 1);
        Interlocked.Increment(ref _received);
        Interlocked.Add(ref _receivedBytes, message.Data.Length);
        JsonObject fields = new()
        {
            ["topic"] = message.Topic,
            ["via"] = message.Via.ToString(),
            ["signed"] = message.From is not null,
            ["from"] = message.From?.ToString(),
            ["seqno"] = message.SequenceNumber?.ToString(CultureInfo.InvariantCulture),
            ["msgId"] = Convert.ToBase64String(message.Id.Span).TrimEnd('='),
        };
        if (message.Data.Length <= MaxShown)
        {
            fields["data"] = JsonValues.Hex(message.Data.Span);
        }
        else
        {
            fields["size"] = message.Data.Length;
            fields["sha256"] = JsonValues.Hex(SHA256.HashData(message.Data.Span));
        }
        output.Write("gossip", fields);
    }
}
