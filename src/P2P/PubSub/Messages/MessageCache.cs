namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>
/// The messages of the last heartbeats: those of all windows answer IWANT, those of the newest are announced with IHAVE
/// (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md, "Message Cache"). Not thread-safe. Overflow: the oldest message is dropped early.
/// </summary>
/// <param name="windows">Heartbeats that a message is kept for.</param>
/// <param name="gossipWindows">Heartbeats that a message is announced for.</param>
/// <param name="maxBytes">Bytes of all frames kept.</param>
internal sealed class MessageCache(int windows, int gossipWindows, long maxBytes)
{
    private readonly Dictionary<byte[], Entry> _entries = new(ByteArrayComparer.Instance);
    private readonly LinkedList<Queue<Entry>> _windows = new([new Queue<Entry>()]);

    internal int Count => _entries.Count;

    internal long Bytes { get; private set; }

    internal void Add(GossipMessage message, byte[] topic)
    {
        Entry entry = new(message, topic);
        if (!_entries.TryAdd(message.Id, entry))
            return;
        _windows.First!.Value.Enqueue(entry);
        Bytes += message.Frame.Length;
        while (Bytes > maxBytes)
            DropOldest();
    }

    /// <summary>Finds a message that a peer asks for and counts how often it has done so.</summary>
    internal GossipMessage? Find(ReadOnlySpan<byte> id, long peer, out int times)
    {
        times = 0;
        if (!_entries.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(id, out Entry? entry))
            return null;
        entry.Requests ??= [];
        times = entry.Requests[peer] = entry.Requests.GetValueOrDefault(peer) + 1;
        return entry.Message;
    }

    /// <summary>The ids of a topic's messages in the windows that are announced.</summary>
    internal List<byte[]> GossipIds(byte[] topic)
    {
        List<byte[]> ids = [];
        foreach (Queue<Entry> window in _windows.Take(gossipWindows))
        {
            foreach (Entry entry in window)
            {
                if (entry.Topic.AsSpan().SequenceEqual(topic))
                    ids.Add(entry.Message.Id);
            }
        }
        return ids;
    }

    /// <summary>Begins a new window, and drops the oldest when there are enough.</summary>
    internal void Shift()
    {
        _windows.AddFirst(new Queue<Entry>());
        if (_windows.Count <= windows)
            return;
        foreach (Entry entry in _windows.Last!.Value)
            Drop(entry);
        _windows.RemoveLast();
    }

    private void DropOldest()
    {
        LinkedListNode<Queue<Entry>> window = _windows.Last!;
        while (window.Value.Count == 0)
            window = window.Previous!;
        Drop(window.Value.Dequeue());
    }

    private void Drop(Entry entry)
    {
        _entries.Remove(entry.Message.Id);
        Bytes -= entry.Message.Frame.Length;
    }

    private sealed class Entry(GossipMessage message, byte[] topic)
    {
        internal GossipMessage Message { get; } = message;

        internal byte[] Topic { get; } = topic;

        /// <summary>Times that a peer, by number, asked for it; bounded by the peers connected while it is kept.</summary>
        internal Dictionary<long, int>? Requests { get; set; }
    }
}
