using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// What a node with a daemon makes of the jobs of others: its own daemon knows the chain, so that a member's job is only taken
/// if it builds on the same block, or on one that the daemon may not have heard of yet: of the latter only if the member has proved himself,
/// and as long as the daemon may still hear of it. For one thread.
/// </summary>
/// <param name="isProven">Whether a member has proved himself.</param>
/// <param name="time">Clock.</param>
internal sealed class OwnDaemonView(Predicate<PeerId> isProven, TimeProvider time)
{
    /// <summary>How long a member's daemon may be ahead of the own one before it is not believed any more.</summary>
    public static readonly TimeSpan LeadPatience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// So long nobody is believed to be ahead whose last lead the own daemon did not come to. Nothing is lost if he meant no harm: the own
    /// daemon's job is as good.
    /// </summary>
    public static readonly TimeSpan LeadRest = TimeSpan.FromHours(1);

    /// <summary>Blocks that a daemon can be ahead by because of news that has not arrived yet.</summary>
    public const ulong MaxLead = 3;

    /// <summary>More members than these are not believed to be ahead within an hour.</summary>
    private const int MaxLeads = 64;

    private readonly Dictionary<PeerId, Lead> _leads = [];

    /// <summary>The jobs that the own daemon does not contradict.</summary>
    /// <param name="own">The own daemon's newest job, which can be used.</param>
    /// <param name="foreign">Those of others.</param>
    public IReadOnlyList<DaemonJob> Filter(DaemonJob own, IReadOnlyList<DaemonJob> foreign)
    {
        foreach ((PeerId publisher, Lead lead) in _leads)
        {
            if (lead.Parent == own.Template.PreviousId || time.GetElapsedTime(lead.Since) > LeadRest)
                _leads.Remove(publisher);
        }
        return [.. foreign.Where(job => IsPossible(own, job))];
    }

    private bool IsPossible(DaemonJob own, DaemonJob job)
    {
        bool isSameEpoch = SeedHeight.Of(own.Height) == SeedHeight.Of(job.Height);
        if (job.Key != (isSameEpoch ? own.Key : own.NextKey))
            return false;
        return job.Height <= own.Height
            ? job.Height == own.Height && IsSameTask(own, job)
            : job.Height <= own.Height + MaxLead && isProven(job.Publisher!) && MayLead(job.Publisher!, job.Template.PreviousId);
    }

    /// <summary>The time runs from the first lead on that the own daemon did not come to, whatever is published meanwhile.</summary>
    private bool MayLead(PeerId publisher, Hash256 parent)
    {
        bool isKnown = _leads.TryGetValue(publisher, out Lead lead);
        if (isKnown ? time.GetElapsedTime(lead.Since) > LeadPatience : _leads.Count == MaxLeads)
            return false;
        _leads[publisher] = new Lead(parent, isKnown ? lead.Since : time.GetTimestamp());
        return true;
    }

    /// <summary>The difficulty and the key after this one follow from the blocks before, so that they are the same for all on one parent.</summary>
    private static bool IsSameTask(DaemonJob own, DaemonJob job) =>
        job.Template.PreviousId == own.Template.PreviousId && job.NetworkDifficulty == own.NetworkDifficulty
        && (job.NextKey is null || own.NextKey is null || job.NextKey == own.NextKey);

    /// <param name="Parent">That the last job was built on.</param>
    /// <param name="Since">When the first one came.</param>
    private readonly record struct Lead(Hash256 Parent, long Since);
}
