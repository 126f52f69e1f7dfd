using P2PMiner.Mining;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Membership;

/// <summary>A live member of the cluster.</summary>
/// <param name="Peer">Who.</param>
/// <param name="Status">Its last heartbeat.</param>
/// <param name="SinceHeard">Since that came, by the clock of this node.</param>
internal sealed record Member(PeerId Peer, MemberStatus Status, TimeSpan SinceHeard);

/// <summary>
/// The members of the cluster that let hear from themselves, without this node. Only the time at which a heartbeat came
/// counts, never a clock of others. Thread-safe.
/// </summary>
/// <param name="time">Measures how long a member is silent.</param>
internal sealed class MemberView(TimeProvider time)
{
    /// <summary>Between two heartbeats.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>Three heartbeats, and a little for the way: who is silent for longer is gone.</summary>
    public static readonly TimeSpan Lifetime = 3 * Interval + TimeSpan.FromSeconds(1);

    /// <summary>Members that are kept; beyond, new ones are passed over until others are gone.</summary>
    public const int MaxMembers = 1024;

    /// <summary>Heartbeats that a member may send at once; then one per second.</summary>
    private const double Burst = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, Entry> _members = [];

    /// <summary>A member that was not there, or has just started anew. Raised outside the lock.</summary>
    public event Action<PeerId>? Joined;

    /// <summary>A heartbeat was taken. Raised outside the lock.</summary>
    public event Action<PeerId, MemberStatus>? Heard;

    /// <summary>Those that are not silent for too long, in no order.</summary>
    public IReadOnlyList<Member> Members
    {
        get
        {
            lock (_lock)
            {
                DropSilent();
                return [.. _members.Select(pair => new Member(pair.Key, pair.Value.Status, time.GetElapsedTime(pair.Value.Heard)))];
            }
        }
    }

    public bool Contains(PeerId peer)
    {
        lock (_lock)
            return _members.TryGetValue(peer, out Entry? entry) && time.GetElapsedTime(entry.Heard) <= Lifetime;
    }

    /// <summary>Whether a live member names a key as that of a Monero job.</summary>
    public bool IsKeyKnown(Hash256 key)
    {
        lock (_lock)
            return _members.Values.Any(entry => entry.Status.KnownKeys.Contains(key) && time.GetElapsedTime(entry.Heard) <= Lifetime);
    }

    /// <summary>Whether a live member that has a daemon and is trusted names a key as that of a Monero job.</summary>
    public bool IsKeyOfDaemon(Hash256 key, Predicate<PeerId> isTrusted)
    {
        lock (_lock)
        {
            return _members.Any(member => member.Value.Status.HasDaemon && member.Value.Status.KnownKeys.Contains(key)
                && time.GetElapsedTime(member.Value.Heard) <= Lifetime && isTrusted(member.Key));
        }
    }

    /// <summary>Whether a live member says that it has a daemon that can be mined with.</summary>
    public bool HasDaemon(PeerId peer)
    {
        lock (_lock)
            return _members.TryGetValue(peer, out Entry? entry) && entry.Status.HasDaemon && time.GetElapsedTime(entry.Heard) <= Lifetime;
    }

    /// <summary>Live members that have one.</summary>
    public int DaemonCount
    {
        get
        {
            lock (_lock)
                return _members.Values.Count(entry => entry.Status.HasDaemon && time.GetElapsedTime(entry.Heard) <= Lifetime);
        }
    }

    /// <summary>Takes a heartbeat.</summary>
    /// <returns>False if it is an old one, comes too soon after others, or there are too many members.</returns>
    public bool Offer(PeerId peer, MemberStatus status)
    {
        bool joined;
        lock (_lock)
        {
            DropSilent();
            long now = time.GetTimestamp();
            joined = !_members.TryGetValue(peer, out Entry? entry);
            if (entry is null)
            {
                if (_members.Count >= MaxMembers)
                    return false;
                _members[peer] = new Entry(status, now, Burst - 1);
            }
            else
            {
                joined = entry.Status.Run != status.Run;
                double tokens = Math.Min(Burst, entry.Tokens + time.GetElapsedTime(entry.Heard, now).TotalSeconds);
                if (tokens < 1 || (!joined && entry.Status.Sequence >= status.Sequence))
                    return false;
                _members[peer] = new Entry(status, now, tokens - 1);
            }
        }
        if (joined)
            Joined?.Invoke(peer);
        Heard?.Invoke(peer, status);
        return true;
    }

    private void DropSilent()
    {
        foreach ((PeerId peer, Entry entry) in _members)
        {
            if (time.GetElapsedTime(entry.Heard) > Lifetime)
                _members.Remove(peer);
        }
    }

    /// <param name="Status">The last heartbeat.</param>
    /// <param name="Heard">When it came.</param>
    /// <param name="Tokens">Heartbeats that may follow at once.</param>
    private sealed record Entry(MemberStatus Status, long Heard, double Tokens);
}
