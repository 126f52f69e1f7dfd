using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Entry;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// How often members may make this node go on to another key. A key takes a cache of 256 MiB and a dataset, and gives up those of the key
/// before; Monero's lasts for days. So a few changes are free, as when a node starts or a daemon is away for a while, and then they are
/// rare: whoever names one key after the other has nothing of it. What this node decides by itself is not counted. For one thread.
/// </summary>
internal sealed class KeyGuard(TimeProvider time)
{
    /// <summary>Changes at once, for all members together that have not proved themselves, and for all others.</summary>
    public const int StrangerBurst = 3, ProvenBurst = 4;

    /// <summary>Between two changes after that, likewise.</summary>
    public static readonly TimeSpan StrangerPause = TimeSpan.FromHours(1), ProvenPause = TimeSpan.FromMinutes(30);

    private readonly Bucket _strangers = new(StrangerBurst, 1 / StrangerPause.TotalSeconds, time);
    private readonly Bucket _proven = new(ProvenBurst, 1 / ProvenPause.TotalSeconds, time);
    private Hash256? _next;

    /// <summary>The key that is mined under; null before the first job.</summary>
    public Hash256? Current { get; private set; }

    /// <summary>Whether a key costs nothing, because it is mined under or prepared.</summary>
    public bool Holds(Hash256 key) => Current is null || Current == key || _next == key;

    /// <summary>Whether <see cref="TryTake"/> would allow it.</summary>
    public bool MayTake(Hash256 key, bool isProven) => Holds(key) || BucketOf(isProven).Left >= 1;

    /// <summary>Whether a member's key may be mined under or prepared; if it is another one, that is counted.</summary>
    public bool TryTake(Hash256 key, bool isProven) => Holds(key) || BucketOf(isProven).TryTake();

    /// <summary>Takes note of the keys of the job that is mined now.</summary>
    public void Hold(Hash256 current, Hash256? next) => (Current, _next) = (current, next);

    private Bucket BucketOf(bool isProven) => isProven ? _proven : _strangers;
}
