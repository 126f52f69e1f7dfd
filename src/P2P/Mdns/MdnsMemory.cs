using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Mdns;

/// <summary>
/// The peers that announced themselves lately, to tell news from repetitions. When it is full of those, newcomers wait: a flood
/// of invented peers neither grows it nor drives out those that were there before. Not for use by several threads at once.
/// </summary>
internal sealed class MdnsMemory(TimeProvider time)
{
    public const int Capacity = 1024;

    /// <summary>A peer is forgotten when it has not been heard of for so long.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly Dictionary<PeerId, Entry> _entries = [];
    private readonly LinkedList<PeerId> _byAge = new();

    public int Count => _entries.Count;

    /// <returns>False if the peer is new and there is no room.</returns>
    public bool TryNote(PeerId peer, IReadOnlyList<Multiaddr> addresses, out bool first)
    {
        DateTimeOffset now = time.GetUtcNow();
        Expire(now);
        first = false;
        if (_entries.TryGetValue(peer, out Entry? entry))
        {
            first = !entry.Addresses.SetEquals(addresses);
            if (first)
                entry.Addresses = [.. addresses];
            entry.Seen = now;
            _byAge.Remove(entry.Node);
            _byAge.AddLast(entry.Node);
            return true;
        }
        if (_entries.Count >= Capacity)
            return false;
        first = true;
        _entries.Add(peer, new Entry(_byAge.AddLast(peer)) { Addresses = [.. addresses], Seen = now });
        return true;
    }

    private void Expire(DateTimeOffset now)
    {
        while (_byAge.First is { } oldest && now - _entries[oldest.Value].Seen > Lifetime)
        {
            _entries.Remove(oldest.Value);
            _byAge.RemoveFirst();
        }
    }

    private sealed class Entry(LinkedListNode<PeerId> node)
    {
        public LinkedListNode<PeerId> Node { get; } = node;

        public required HashSet<Multiaddr> Addresses { get; set; }

        public required DateTimeOffset Seen { get; set; }
    }
}
