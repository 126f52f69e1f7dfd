using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace P2PMiner.P2P.PubSub.Local;

/// <summary>What this node does with topics: its subscriptions and validators. Bounded by what the application asks for.</summary>
internal sealed class LocalTopics
{
    private readonly ConcurrentDictionary<string, ImmutableArray<Subscription>> _subscriptions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, MessageValidator> _validators = new(StringComparer.Ordinal);

    /// <summary>The topics subscribed to, sorted.</summary>
    internal IReadOnlyList<string> Names => [.. _subscriptions.Keys.Order(StringComparer.Ordinal)];

    /// <returns>True if it is the first of its topic.</returns>
    internal bool Add(Subscription subscription) =>
        _subscriptions.AddOrUpdate(subscription.Topic, _ => [subscription], (_, others) => others.Add(subscription)).Length == 1;

    /// <returns>True if it was the last of its topic.</returns>
    internal bool Remove(Subscription subscription)
    {
        if (!_subscriptions.TryGetValue(subscription.Topic, out ImmutableArray<Subscription> all))
            return false;
        all = all.Remove(subscription);
        if (all.IsEmpty)
            return _subscriptions.TryRemove(subscription.Topic, out _);
        _subscriptions[subscription.Topic] = all;
        return false;
    }

    internal void SetValidator(string topic, MessageValidator? validator)
    {
        if (validator is null)
            _validators.TryRemove(topic, out _);
        else
            _validators[topic] = validator;
    }

    internal MessageValidator? ValidatorOf(string topic) => _validators.GetValueOrDefault(topic);

    internal void Deliver(PubSubMessage message)
    {
        if (!_subscriptions.TryGetValue(message.Topic, out ImmutableArray<Subscription> all))
            return;
        PubSubMetrics.Delivered.Add(1);
        foreach (Subscription subscription in all)
            subscription.Deliver(message);
    }
}
