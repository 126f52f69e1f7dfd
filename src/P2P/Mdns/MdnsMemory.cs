using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Mdns;

/// <summary>
/// The peers that announced themselves lately, to tell news from repetitions. When it is full, a newcomer takes the place of one
/// that was never heard again: a flood of invented peers neither grows it, nor drives out those that keep announcing themselves,
/// nor keeps newcomers out. Not for use by several threads at once.
/// </summary>
internal sealed class MdnsMemory(TimeProvider time)
{
    public const int Capacity = 1024;

    /// <summary>A peer is forgotten when it has not been heard of for so long.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>A peer counts as heard again when so much time has gone by: one announcement comes over several interfaces.</summary>
    public static readonly TimeSpan Confirmation = TimeSpan.FromSeconds(1);

    private readonly Dictionary<PeerId, Entry> _entries = [];
    private readonly LinkedList<Entry> _heardOnce = new();
    private readonly LinkedList<Entry> _confirmed = new();

    public int Count => _entries.Count;

    /// <returns>False if the peer is new and there is no room.</returns>
    public bool TryNote(PeerId peer, IReadOnlyList<Multiaddr> addresses, out bool first)
    {
        DateTimeOffset now = time.GetUtcNow();
        Expire(_heardOnce, now);
        Expire(_confirmed, now);
        first = false;
        if (_entries.TryGetValue(peer, out Entry? entry))
        {
            first = !entry.Addresses.SetEquals(addresses);
            if (first)
                entry.Addresses = [.. addresses];
            if (now - entry.Seen >= Confirmation)
                Confirm(entry, now);
            return true;
        }
        if (_entries.Count >= Capacity && !TryMakeRoom())
            return false;
        first = true;
        entry = new Entry(peer) { Addresses = [.. addresses], Seen = now };
        _entries.Add(peer, entry);
        _heardOnce.AddLast(entry.Node);
        return true;
    }

    private void Confirm(Entry entry, DateTimeOffset now)
    {
        entry.Seen = now;
        entry.Node.List!.Remove(entry.Node);
        _confirmed.AddLast(entry.Node);
    }

    private bool TryMakeRoom()
    {
        if (_heardOnce.First is not { } oldest)
            return false;
        Remove(oldest);
        return true;
    }

    private void Expire(LinkedList<Entry> byAge, DateTimeOffset now)
    {
        while (byAge.First is { } oldest && now - oldest.Value.Seen > Lifetime)
            Remove(oldest);
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _entries.Remove(node.Value.Peer);
        node.List!.Remove(node);
    }

    private sealed class Entry
    {
        public Entry(PeerId peer)
        {
            Peer = peer;
            Node = new LinkedListNode<Entry>(this);
        }

        public PeerId Peer { get; }

        public LinkedListNode<Entry> Node { get; }

        public required HashSet<Multiaddr> Addresses { get; set; }

        public required DateTimeOffset Seen { get; set; }
    }
}
