using System.Net;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Routing;

/// <summary>
/// The peers we know as servers, up to k for every length of prefix that their keys share with ours
/// (libp2p/specs, kad-dht/README.md, "Kademlia routing table"). Safe for concurrent use; it never waits and never asks anyone.
/// </summary>
internal sealed class RoutingTable(PeerId local, RoutingTableLimits limits, TimeProvider time)
{
    private readonly KadKey _local = KadKey.Of(local);
    private readonly Lock _lock = new();
    private readonly Bucket?[] _buckets = new Bucket?[KadKey.Bits];
    private readonly Dictionary<IPAddress, int> _groups = [];
    private int _count;

    /// <summary>Raised after a contact was added (1) or removed (-1), outside any lock.</summary>
    internal event Action<PeerId, int>? Changed;

    internal KadKey LocalKey => _local;

    internal int Count => Volatile.Read(ref _count);

    /// <summary>Notes that a peer is alive and serves the protocol.</summary>
    internal AddResult Add(PeerId peer, IPAddress? group)
    {
        if (peer.Equals(local))
            return AddResult.Refused;
        Contact contact = new(peer, KadKey.Of(peer), group, time.GetUtcNow());
        AddResult result;
        lock (_lock)
            result = Add(BucketOf(contact.Key), contact);
        if (result == AddResult.Added)
            Changed?.Invoke(peer, 1);
        return result;
    }

    /// <summary>Takes a peer out, for it no longer serves the protocol; the newest of those who wait gets its place.</summary>
    internal bool Remove(PeerId peer)
    {
        Contact? promoted = null;
        lock (_lock)
        {
            Bucket bucket = BucketOf(KadKey.Of(peer));
            if (!TakeOut(bucket, peer))
                return false;
            promoted = Promote(bucket);
        }
        Changed?.Invoke(peer, -1);
        if (promoted is not null)
            Changed?.Invoke(promoted.Peer, 1);
        return true;
    }

    /// <summary>Counts a failed request; the peer goes if others wait for its place or it has failed before.</summary>
    /// <returns>True if it went.</returns>
    internal bool Fail(PeerId peer)
    {
        lock (_lock)
        {
            Bucket bucket = BucketOf(KadKey.Of(peer));
            if (bucket.Find(peer) is not Contact contact)
                return false;
            if (bucket.Replacements.Count == 0 && contact.Failures + 1 < RoutingTableLimits.MaxFailures)
            {
                bucket.Replace(contact, contact with { Failures = contact.Failures + 1 });
                return false;
            }
        }
        return Remove(peer);
    }

    internal bool Contains(PeerId peer)
    {
        lock (_lock)
            return BucketOf(KadKey.Of(peer)).Find(peer) is not null;
    }

    /// <summary>The contacts closest to a point, the nearest first.</summary>
    internal List<Contact> Closest(KadKey target, int count, PeerId? except = null)
    {
        List<Contact> found = [];
        int shared = Math.Min(_local.CommonPrefixLength(target), KadKey.Bits - 1);
        lock (_lock)
        {
            // Contacts that part from us where the target does share the most with it; those that part later are all farther,
            // and then each earlier bucket is farther than all before it.
            Collect(found, shared, shared, target, except);
            if (found.Count < count)
                Collect(found, shared + 1, KadKey.Bits - 1, target, except);
            for (int i = shared - 1; i >= 0 && found.Count < count; i--)
                Collect(found, i, i, target, except);
        }
        if (found.Count > count)
            found.RemoveRange(count, found.Count - count);
        return found;
    }

    internal List<Contact> Snapshot()
    {
        List<Contact> contacts = [];
        lock (_lock)
        {
            foreach (Bucket? bucket in _buckets)
                contacts.AddRange(bucket?.Contacts ?? []);
        }
        return contacts;
    }

    /// <summary>The least recently seen contact of the bucket that a peer belongs to.</summary>
    internal Contact? OldestBeside(PeerId peer)
    {
        lock (_lock)
        {
            IReadOnlyList<Contact> contacts = BucketOf(KadKey.Of(peer)).Contacts;
            return contacts.Count == 0 ? null : contacts[0];
        }
    }

    /// <summary>The prefix lengths that have contacts, ascending.</summary>
    internal List<int> OccupiedBuckets()
    {
        lock (_lock)
            return [.. Enumerable.Range(0, KadKey.Bits).Where(length => _buckets[length]?.Contacts.Count > 0)];
    }

    internal void Clear()
    {
        List<Contact> gone = Snapshot();
        lock (_lock)
        {
            Array.Clear(_buckets);
            _groups.Clear();
            _count = 0;
        }
        foreach (Contact contact in gone)
            Changed?.Invoke(contact.Peer, -1);
    }

    private Bucket BucketOf(KadKey key)
    {
        int length = Math.Min(_local.CommonPrefixLength(key), KadKey.Bits - 1);
        return _buckets[length] ??= new Bucket(limits.BucketSize);
    }

    private AddResult Add(Bucket bucket, Contact contact)
    {
        if (bucket.Find(contact.Peer) is Contact known)
        {
            bucket.Put(contact with { Group = known.Group });
            return AddResult.Refreshed;
        }
        if (!GroupHasRoom(bucket, contact.Group))
            return AddResult.Refused;
        if (bucket.IsFull)
        {
            bucket.Queue(contact);
            return AddResult.Waiting;
        }
        Seat(bucket, contact);
        return AddResult.Added;
    }

    private bool GroupHasRoom(Bucket bucket, IPAddress? group) =>
        group is not IPAddress limited
        || _groups.GetValueOrDefault(limited) < limits.PerGroup
        && bucket.Contacts.Count(contact => limited.Equals(contact.Group)) < limits.PerGroupAndBucket;

    private void Seat(Bucket bucket, Contact contact)
    {
        bucket.Put(contact);
        _count++;
        if (contact.Group is IPAddress group)
            _groups[group] = _groups.GetValueOrDefault(group) + 1;
    }

    private bool TakeOut(Bucket bucket, PeerId peer)
    {
        if (bucket.Remove(peer) is not Contact contact)
            return false;
        _count--;
        if (contact.Group is IPAddress group && --_groups[group] == 0)
            _groups.Remove(group);
        return true;
    }

    private Contact? Promote(Bucket bucket)
    {
        for (int i = bucket.Replacements.Count - 1; i >= 0; i--)
        {
            Contact candidate = bucket.Replacements[i];
            if (!GroupHasRoom(bucket, candidate.Group))
                continue;
            Seat(bucket, candidate);
            return candidate;
        }
        return null;
    }

    private void Collect(List<Contact> found, int from, int to, KadKey target, PeerId? except)
    {
        int start = found.Count;
        for (int i = from; i <= to; i++)
        {
            foreach (Contact contact in _buckets[i]?.Contacts ?? [])
            {
                if (!contact.Peer.Equals(except))
                    found.Add(contact);
            }
        }
        found.Sort(start, found.Count - start, Comparer<Contact>.Create(
            (left, right) => left.Key.DistanceTo(target).CompareTo(right.Key.DistanceTo(target))));
    }
}
