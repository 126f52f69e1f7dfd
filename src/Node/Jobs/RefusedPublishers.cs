using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs;

/// <summary>Members of whose jobs a block was made that this node's own daemon refused. Thread-safe.</summary>
/// <param name="isProven">Whether a member has proved himself.</param>
/// <param name="time">Clock.</param>
internal sealed class RefusedPublishers(Predicate<PeerId> isProven, TimeProvider time)
{
    /// <summary>How long their jobs are not taken. Nothing is lost if they meant no harm: the own daemon's is as good.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromHours(1);

    /// <summary>Beyond it the oldest is forgotten.</summary>
    private const int Capacity = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, long> _refused = [];
    private long? _strangerRefused;

    /// <summary>The own daemon has refused a block of the publisher's. If he is a stranger, that counts for all, since the next one has another name.</summary>
    public void Add(PeerId publisher)
    {
        bool isStranger = !isProven(publisher);
        lock (_lock)
        {
            if (!_refused.ContainsKey(publisher) && _refused.Count == Capacity)
                _refused.Remove(_refused.MinBy(pair => pair.Value).Key);
            _refused[publisher] = time.GetTimestamp();
            if (isStranger)
                _strangerRefused = time.GetTimestamp();
        }
    }

    public bool Contains(PeerId publisher)
    {
        bool isStranger = !isProven(publisher);
        lock (_lock)
            return (_refused.TryGetValue(publisher, out long since) && IsRecent(since)) || (isStranger && _strangerRefused is long last && IsRecent(last));
    }

    private bool IsRecent(long since) => time.GetElapsedTime(since) <= Rest;
}
