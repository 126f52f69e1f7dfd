using System.Threading.Channels;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// The newest job of each member of the cluster that has a daemon. Thread-safe.
/// </summary>
internal sealed class ForeignJobs
{
    /// <summary>Members whose jobs are kept, the best by <see cref="JobOrder"/>; a template can have 240 KiB.</summary>
    public const int MaxPublishers = 16;

    private static readonly JobOrder Order = new(null);

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, Entry> _jobs = [];
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Readable when <see cref="All"/> has changed; several changes may count as one.</summary>
    public ChannelReader<bool> Changes => _changes.Reader;

    /// <summary>Of publishers that are heard, in no order.</summary>
    public IReadOnlyList<DaemonJob> All
    {
        get
        {
            lock (_lock)
                return [.. _jobs.Values.Where(entry => entry.IsHeard).Select(entry => entry.Job)];
        }
    }

    /// <summary>Takes a member's job in place of its former one.</summary>
    /// <param name="job">With its publisher.</param>
    /// <param name="number">Grows with every job of one publisher.</param>
    /// <param name="at">When it came, by <see cref="TimeProvider.GetTimestamp"/>.</param>
    /// <returns>False if it is older than what is here, or others are better and there is no room.</returns>
    public bool Offer(DaemonJob job, ulong number, long at)
    {
        PeerId publisher = job.Publisher ?? throw new ArgumentException("a job of this node", nameof(job));
        lock (_lock)
        {
            if (_jobs.TryGetValue(publisher, out Entry? known))
            {
                if (known.Number >= number)
                    return false;
                bool isSame = known.Job.Raw.IsSameAs(job.Raw);
                _jobs[publisher] = new Entry(isSame ? known.Job : job, number, at);
                if (isSame)
                    return true;
            }
            else
            {
                if (_jobs.Count >= MaxPublishers && !TryMakeRoom(job))
                    return false;
                _jobs[publisher] = new Entry(job, number, at);
            }
        }
        _changes.Writer.TryWrite(true);
        return true;
    }

    /// <summary>Has the jobs looked at again.</summary>
    public void Wake() => _changes.Writer.TryWrite(true);

    /// <summary>Drops the jobs of publishers that are gone, and passes over those of silent ones until they are heard again.</summary>
    /// <param name="stateOf">What a publisher is to the job that came at the time given.</param>
    public void Review(Func<PeerId, long, PublisherState> stateOf)
    {
        lock (_lock)
        {
            bool isAnyChanged = false;
            foreach ((PeerId publisher, Entry entry) in _jobs.ToArray())
            {
                PublisherState state = stateOf(publisher, entry.At);
                bool isHeard = state == PublisherState.Heard;
                isAnyChanged |= isHeard != entry.IsHeard || state == PublisherState.Gone;
                if (state == PublisherState.Gone)
                    _jobs.Remove(publisher);
                else if (isHeard != entry.IsHeard)
                    _jobs[publisher] = entry with { IsHeard = isHeard };
            }
            if (!isAnyChanged)
                return;
        }
        _changes.Writer.TryWrite(true);
    }

    private bool TryMakeRoom(DaemonJob job)
    {
        DaemonJob worst = _jobs.Values.Select(entry => entry.Job).MaxBy(entry => entry, Order)!;
        return Order.Compare(job, worst) < 0 && _jobs.Remove(worst.Publisher!);
    }

    private sealed record Entry(DaemonJob Job, ulong Number, long At, bool IsHeard = true);
}

/// <summary>Whether a job of another member can be mined.</summary>
internal enum PublisherState
{
    /// <summary>It is there.</summary>
    Heard,

    /// <summary>It may be gone.</summary>
    Silent,

    /// <summary>It is gone, or has no daemon any more.</summary>
    Gone,
}

/// <summary>
/// The order in which every node prefers blocks: the greatest height first; of equals the one of the publisher with the lowest
/// id. Nobody is asked, and all that hear the same jobs choose the same one.
/// </summary>
/// <param name="self">The publisher of jobs that name none.</param>
internal sealed class JobOrder(PeerId? self) : IComparer<DaemonJob>
{
    /// <summary>Negative if <paramref name="x"/> is preferred.</summary>
    public int Compare(DaemonJob? x, DaemonJob? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        int byHeight = y.Height.CompareTo(x.Height);
        return byHeight != 0 ? byHeight : Comparer<PeerId?>.Default.Compare(x.Publisher ?? self, y.Publisher ?? self);
    }
}
