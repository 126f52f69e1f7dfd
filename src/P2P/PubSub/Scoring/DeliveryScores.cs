using P2PMiner.P2P.PubSub.Messages;

namespace P2PMiner.P2P.PubSub.Scoring;

/// <summary>
/// Turns what becomes of messages into P2, P3 and P4 (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "The Score Function"): who sent
/// a copy while the message was being validated, or shortly after, shares in the verdict. Only messages of scored topics are tracked.
/// Not thread-safe. Overflow: the oldest record is dropped early.
/// </summary>
internal sealed class DeliveryScores(ScoreBoard board, PeerScoreOptions options, PubSubLimits limits, TimeSpan lifetime, TimeProvider time)
{
    private readonly Dictionary<byte[], Record> _records = new(ByteArrayComparer.Instance);
    private readonly Queue<Record> _order = new();

    internal int Count => _records.Count;

    /// <summary>A valid message came first from this peer.</summary>
    internal void Deliver(PeerStats from, byte[] id, string topic)
    {
        if (!board.IsScored(topic))
            return;
        board.TopicOf(from, topic)?.CountFirstDelivery();
        Record record = Ensure(id);
        if (record.Status != DeliveryStatus.Pending)
            return;
        record.Status = DeliveryStatus.Valid;
        record.Validated = time.GetTimestamp();
        foreach (PeerStats other in record.Senders)
        {
            if (other != from)
                board.TopicOf(other, topic)?.CountMeshDelivery();
        }
    }

    /// <summary>A validator rejected a message; it first came from this peer.</summary>
    internal void Reject(PeerStats from, byte[] id, string topic)
    {
        if (!board.IsScored(topic))
            return;
        Record record = Ensure(id);
        if (record.Status != DeliveryStatus.Pending)
            return;
        CountInvalid(from, topic);
        foreach (PeerStats other in record.Senders)
        {
            if (other != from)
                CountInvalid(other, topic);
        }
        record.Close(DeliveryStatus.Invalid);
    }

    /// <summary>A validator wants a message neither delivered nor held against anyone.</summary>
    internal void Ignore(byte[] id, string topic)
    {
        if (board.IsScored(topic))
            Ensure(id).Close(DeliveryStatus.Ignored);
    }

    /// <summary>A message that breaks the signature policy; its id means nothing.</summary>
    internal void CountInvalid(PeerStats from, string topic) => board.TopicOf(from, topic)?.CountInvalid();

    /// <summary>A further copy of a message came.</summary>
    internal void Duplicate(PeerStats from, ReadOnlySpan<byte> id, string topic)
    {
        if (!board.IsScored(topic))
            return;
        Record record = Ensure(id);
        if (record.Status == DeliveryStatus.Invalid)
            CountInvalid(from, topic);
        else if (record.Status != DeliveryStatus.Ignored && record.Senders.Add(from) && IsInTime(record, topic))
            board.TopicOf(from, topic)?.CountMeshDelivery();
    }

    internal void Expire()
    {
        while (_order.TryPeek(out Record? oldest) && time.GetElapsedTime(oldest.Seen) >= lifetime)
            DropOldest();
    }

    // A copy that comes during validation is counted when the verdict is known.
    private bool IsInTime(Record record, string topic) =>
        record.Status == DeliveryStatus.Valid && time.GetElapsedTime(record.Validated) <= options.Topics[topic].DeliveryWindow;

    private Record Ensure(ReadOnlySpan<byte> id)
    {
        Dictionary<byte[], Record>.AlternateLookup<ReadOnlySpan<byte>> records = _records.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (records.TryGetValue(id, out Record? record))
            return record;
        record = new Record(id.ToArray(), time.GetTimestamp());
        _records.Add(record.Id, record);
        _order.Enqueue(record);
        if (_records.Count > limits.MaxSeen)
            DropOldest();
        return record;
    }

    private void DropOldest() => _records.Remove(_order.Dequeue().Id);

    private sealed class Record(byte[] id, long seen)
    {
        internal byte[] Id { get; } = id;

        internal long Seen { get; } = seen;

        internal long Validated { get; set; }

        internal DeliveryStatus Status { get; set; }

        /// <summary>Who sent a copy after the first; bounded by the peers that are connected within a record's lifetime.</summary>
        internal HashSet<PeerStats> Senders { get; } = [];

        internal void Close(DeliveryStatus status)
        {
            Status = status;
            Senders.Clear();
        }
    }
}
