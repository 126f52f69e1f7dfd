using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// What a node with a daemon makes of the jobs of others: its own daemon knows the chain, so that a member's job is only taken
/// if it builds on the same block, or on one that the daemon may not have heard of yet. For one thread.
/// </summary>
internal sealed class OwnDaemonView(TimeProvider time)
{
    /// <summary>How long a member's daemon may be ahead of the own one before it is not believed any more.</summary>
    public static readonly TimeSpan LeadPatience = TimeSpan.FromSeconds(30);

    /// <summary>Blocks that a daemon can be ahead by because of news that has not arrived yet.</summary>
    public const ulong MaxLead = 3;

    private readonly Dictionary<PeerId, long> _ahead = [];

    /// <summary>The jobs that the own daemon does not contradict.</summary>
    /// <param name="own">The own daemon's newest job, which can be used.</param>
    /// <param name="foreign">Those of others.</param>
    public IReadOnlyList<DaemonJob> Filter(DaemonJob own, IReadOnlyList<DaemonJob> foreign)
    {
        foreach (PeerId publisher in _ahead.Keys)
        {
            if (!foreign.Any(job => publisher.Equals(job.Publisher)))
                _ahead.Remove(publisher);
        }
        return [.. foreign.Where(job => IsPossible(own, job))];
    }

    private bool IsPossible(DaemonJob own, DaemonJob job)
    {
        bool isSameEpoch = SeedHeight.Of(own.Height) == SeedHeight.Of(job.Height);
        if (job.Key != (isSameEpoch ? own.Key : own.NextKey))
            return false;
        if (job.Height <= own.Height)
        {
            _ahead.Remove(job.Publisher!);
            return job.Height == own.Height && IsSameTask(own, job);
        }
        if (job.Height > own.Height + MaxLead)
            return false;
        if (_ahead.TryGetValue(job.Publisher!, out long since))
            return time.GetElapsedTime(since) <= LeadPatience;
        _ahead[job.Publisher!] = time.GetTimestamp();
        return true;
    }

    /// <summary>The difficulty and the key after this one follow from the blocks before, so that they are the same for all on one parent.</summary>
    private static bool IsSameTask(DaemonJob own, DaemonJob job) =>
        job.Template.PreviousId == own.Template.PreviousId && job.NetworkDifficulty == own.NetworkDifficulty
        && (job.NextKey is null || own.NextKey is null || job.NextKey == own.NextKey);
}
