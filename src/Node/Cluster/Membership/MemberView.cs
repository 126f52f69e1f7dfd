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
/// <param name="isProven">Whether a member has proved itself; nobody has by default.</param>
/// <param name="isConnected">Whether a member is connected with this node; all are by default.</param>
internal sealed class MemberView(TimeProvider time, Predicate<PeerId>? isProven = null, Predicate<PeerId>? isConnected = null)
{
    /// <summary>Between two heartbeats.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>Three heartbeats, and a little for the way: who is silent for longer is gone.</summary>
    public static readonly TimeSpan Lifetime = 3 * Interval + TimeSpan.FromSeconds(1);

    /// <summary>Members that are kept; who gets a place beyond that says <see cref="MemberPlaces"/>.</summary>
    public const int MaxMembers = 1024;

    /// <summary>Members with a daemon that are counted although this node knows of them by hearsay only.</summary>
    public const int MaxHeardDaemons = 4;

    /// <summary>Heartbeats that a member may send at once; then one per second.</summary>
    private const double Burst = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, Entry> _members = [];
    private readonly HeardKeys _keys = new(time);

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

    /// <summary>Whether a key is that of a Monero job, as far as what live members name is believed (<see cref="HeardKeys"/>).</summary>
    public bool IsKeyKnown(Hash256 key)
    {
        lock (_lock)
        {
            return _keys.IsBelieved(
                key,
                _members.Where(pair => time.GetElapsedTime(pair.Value.Heard) <= Lifetime)
                    .Select(pair => new HeardKeys.Naming(pair.Key, pair.Value.Status.KnownKeys, pair.Value.IsProven, pair.Value.IsConnected)));
        }
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

    /// <summary>Live members that have one; of those that are neither connected nor proven, no more than <see cref="MaxHeardDaemons"/>.</summary>
    public int DaemonCount
    {
        get
        {
            lock (_lock)
            {
                Entry[] all = [.. _members.Values.Where(entry => entry.Status.HasDaemon && time.GetElapsedTime(entry.Heard) <= Lifetime)];
                int known = all.Count(entry => entry.IsKnown);
                return known + Math.Min(all.Length - known, MaxHeardDaemons);
            }
        }
    }

    /// <summary>Takes a heartbeat.</summary>
    /// <param name="peer">Whose.</param>
    /// <param name="status">What it says.</param>
    /// <param name="via">The neighbour that brought it; null for its author.</param>
    /// <returns>False if it is an old one, comes too soon after others, or there are too many members.</returns>
    public bool Offer(PeerId peer, MemberStatus status, PeerId? via = null)
    {
        bool joined;
        bool hasProved = isProven?.Invoke(peer) ?? false;
        bool isNear = isConnected?.Invoke(peer) ?? true;
        lock (_lock)
        {
            DropSilent();
            long now = time.GetTimestamp();
            joined = !_members.TryGetValue(peer, out Entry? entry);
            if (entry is null)
            {
                if (!MakePlace(hasProved || isNear, via ?? peer))
                    return false;
                _members[peer] = new Entry(status, now, Burst - 1, via ?? peer, hasProved, isNear);
            }
            else
            {
                joined = entry.Status.Run != status.Run;
                double tokens = Math.Min(Burst, entry.Tokens + time.GetElapsedTime(entry.Heard, now).TotalSeconds);
                if (tokens < 1 || (!joined && entry.Status.Sequence >= status.Sequence))
                    return false;
                _members[peer] = new Entry(status, now, tokens - 1, entry.Via, hasProved, isNear);
            }
        }
        if (joined)
            Joined?.Invoke(peer);
        Heard?.Invoke(peer, status);
        return true;
    }

    private bool MakePlace(bool isKnown, PeerId via)
    {
        if (isKnown && _members.Count < MaxMembers)
            return true;
        IEnumerable<MemberPlaces.Place> places = _members.Select(pair => new MemberPlaces.Place(pair.Key, pair.Value.IsKnown, pair.Value.Via, pair.Value.Heard));
        if (!MemberPlaces.TryFind(places, isKnown, via, out PeerId? leaves))
            return false;
        if (leaves is not null)
            _members.Remove(leaves);
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
    /// <param name="Via">The neighbour that brought the first one.</param>
    /// <param name="IsProven">Whether it had proved itself by the last one.</param>
    /// <param name="IsConnected">Whether it was connected with this node then.</param>
    private sealed record Entry(MemberStatus Status, long Heard, double Tokens, PeerId Via, bool IsProven, bool IsConnected)
    {
        public bool IsKnown => IsProven || IsConnected;
    }
}
