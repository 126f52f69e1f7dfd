using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>
/// The ids of messages that were verified or are our own, kept for a time from when they were first seen. Not thread-safe.
/// Overflow: the oldest is forgotten early.
/// </summary>
/// <param name="capacity">Most ids kept.</param>
/// <param name="lifetime">How long an id is kept.</param>
/// <param name="time">The clock.</param>
internal sealed class SeenCache(int capacity, TimeSpan lifetime, TimeProvider time)
{
    private readonly Dictionary<byte[], Entry> _entries = new(ByteArrayComparer.Instance);
    private readonly Queue<Item> _order = new();

    internal int Count => _entries.Count;

    /// <summary>Called with author and sequence number of every signed message that is forgotten.</summary>
    internal Action<PeerId, ulong>? Forgotten { get; set; }

    internal bool Contains(ReadOnlySpan<byte> id) =>
        _entries.GetAlternateLookup<ReadOnlySpan<byte>>().ContainsKey(id);

    /// <summary>False if the id is there already.</summary>
    /// <param name="id">Kept, not copied.</param>
    /// <param name="sender">Number of the peer that it came from; 0 for ourselves.</param>
    /// <param name="author">Null if the message is not signed.</param>
    /// <param name="number">Its sequence number.</param>
    internal bool Add(byte[] id, long sender, PeerId? author, ulong number)
    {
        if (!_entries.TryAdd(id, new Entry { FirstSender = sender, LastSender = sender }))
            return false;
        _order.Enqueue(new Item(id, time.GetTimestamp(), author, number));
        if (_entries.Count > capacity)
            ForgetOldest();
        return true;
    }

    /// <summary>
    /// True if the id was seen before. <paramref name="again"/> is true if this very sender is known to have sent it before, which no honest
    /// peer does.
    /// </summary>
    internal bool IsDuplicate(ReadOnlySpan<byte> id, long sender, out bool again)
    {
        ref Entry entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries.GetAlternateLookup<ReadOnlySpan<byte>>(), id);
        again = false;
        if (Unsafe.IsNullRef(ref entry))
            return false;
        again = entry.FirstSender == sender || entry.LastSender == sender;
        entry.LastSender = sender;
        return true;
    }

    /// <summary>Forgets what has reached its age.</summary>
    internal void Expire()
    {
        while (_order.TryPeek(out Item oldest) && time.GetElapsedTime(oldest.Seen) >= lifetime)
            ForgetOldest();
    }

    private void ForgetOldest()
    {
        Item item = _order.Dequeue();
        _entries.Remove(item.Id);
        if (item.Author is not null)
            Forgotten?.Invoke(item.Author, item.Number);
    }

    private readonly record struct Item(byte[] Id, long Seen, PeerId? Author, ulong Number);

    private struct Entry
    {
        internal long FirstSender;
        internal long LastSender;
    }
}
