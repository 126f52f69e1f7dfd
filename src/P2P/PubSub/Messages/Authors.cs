using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>
/// Authors of verified messages. For each it keeps the highest sequence number that has left the seen cache: what is not above it is a
/// replay, or later than anything honest. Not thread-safe.
/// </summary>
internal sealed class Authors(TimeProvider time)
{
    /// <summary>Authors kept; those that come when it is full are not remembered.</summary>
    internal const int Capacity = 4096;

    /// <summary>
    /// How long an author without messages is kept. No longer, because an author whose clock was set back would be silenced for that long.
    /// </summary>
    internal static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly Dictionary<byte[], Entry> _entries = new(ByteArrayComparer.Instance);

    internal int Count => _entries.Count;

    /// <summary>One object per author, so that messages that are kept share it.</summary>
    internal PeerId Intern(PeerId author)
    {
        if (Find(author.Bytes) is not Entry entry)
        {
            if (_entries.Count == Capacity)
                return author;
            entry = new Entry(author);
            _entries.Add(author.Bytes.ToArray(), entry);
        }
        entry.LastActive = time.GetTimestamp();
        return entry.Author;
    }

    internal bool IsReplay(ReadOnlySpan<byte> from, ulong number) => Find(from) is Entry entry && number <= entry.Floor;

    /// <summary>Takes note that a message is no longer in the seen cache.</summary>
    internal void Forget(PeerId author, ulong number)
    {
        if (Find(author.Bytes) is Entry entry)
            entry.Floor = Math.Max(entry.Floor, number);
    }

    internal void Expire()
    {
        foreach ((byte[] key, Entry entry) in _entries)
        {
            if (time.GetElapsedTime(entry.LastActive) >= Lifetime)
                _entries.Remove(key);
        }
    }

    private Entry? Find(ReadOnlySpan<byte> from) =>
        _entries.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(from, out Entry? entry) ? entry : null;

    private sealed class Entry(PeerId author)
    {
        internal PeerId Author { get; } = author;

        internal ulong Floor { get; set; }

        internal long LastActive { get; set; }
    }
}
