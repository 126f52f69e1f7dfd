using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using P2PMiner.P2P.PubSub.Messages;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>All topics by name. Not thread-safe. Its size is bounded by the subscriptions that each peer may have.</summary>
internal sealed class TopicTable
{
    private readonly Dictionary<byte[], Topic> _topics = new(ByteArrayComparer.Instance);

    internal IEnumerable<Topic> All => _topics.Values;

    internal int Count => _topics.Count;

    internal bool TryFind(ReadOnlySpan<byte> key, [NotNullWhen(true)] out Topic? topic) =>
        _topics.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out topic);

    internal Topic? Find(string name) => TryFind(Encoding.UTF8.GetBytes(name), out Topic? topic) ? topic : null;

    internal Topic GetOrAdd(string name)
    {
        if (Find(name) is { } known)
            return known;
        Topic topic = new(name);
        _topics.Add(topic.Key, topic);
        return topic;
    }

    /// <summary>The topic of that name, made if there is none; null if the name is not UTF-8 or not of a proper length.</summary>
    internal Topic? GetOrAdd(ReadOnlySpan<byte> key)
    {
        if (TryFind(key, out Topic? known))
            return known;
        bool isName = key.Length is > 0 and <= Wire.RpcLimits.MaxTopicSize && Utf8.IsValid(key);
        return isName ? GetOrAdd(Encoding.UTF8.GetString(key)) : null;
    }

    /// <summary>Forgets a topic that nobody has to do with any more.</summary>
    internal void Release(Topic topic)
    {
        if (topic.IsUnused)
            _topics.Remove(topic.Key);
    }
}
