using P2PMiner.Mining;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// Which block is mined: of those that can be believed the first by <see cref="JobOrder"/>. A node with a daemon believes what that does
/// not contradict; a node without one can only go by who says so, and by how many.
/// </summary>
/// <param name="self">This node.</param>
/// <param name="isProven">Whether a member has proved himself.</param>
/// <param name="time">Clock.</param>
internal sealed class BlockChoice(PeerId self, Predicate<PeerId> isProven, TimeProvider time)
{
    private readonly JobOrder _order = new(self);
    private readonly OwnDaemonView _ownView = new(isProven, time);
    private readonly KeyGuard _keys = new(time);
    private readonly RefusedPublishers _refused = new(isProven, time);

    /// <summary>The own daemon has refused a block that was made of a member's job. On any thread; all else is for one.</summary>
    public void Refuse(PeerId publisher) => _refused.Add(publisher);

    /// <summary>Takes note of what is mined now.</summary>
    public void Mined(Job job) => _keys.Hold(job.Key, job.NextKey);

    /// <summary>The block to be mined; null when there is none.</summary>
    /// <param name="own">The newest of this node's daemon; null while that cannot be used.</param>
    /// <param name="foreign">Those of members.</param>
    public DaemonJob? Choose(DaemonJob? own, IReadOnlyList<DaemonJob> foreign)
    {
        IEnumerable<DaemonJob> believed = own is null
            ? UnderPossibleKeys([.. Uncontradicted(OnProvenParents(foreign))])
            : _ownView.Filter(own, [.. foreign.Where(job => !_refused.Contains(job.Publisher!))]).Append(own);
        DaemonJob? best = believed.Min(_order);
        return best is null || best == own ? best : TakeKeys(best, own);
    }

    /// <summary>Those on a parent that a publisher who has proved himself builds on too; all where there is none.</summary>
    private DaemonJob[] OnProvenParents(IReadOnlyList<DaemonJob> foreign)
    {
        HashSet<Hash256> parents = [.. foreign.Where(job => isProven(job.Publisher!)).Select(job => job.Template.PreviousId)];
        return [.. foreign.Where(job => parents.Count == 0 || parents.Contains(job.Template.PreviousId))];
    }

    /// <summary>Of jobs on one parent that differ in what Monero's chain determines, those of the most.</summary>
    private IEnumerable<DaemonJob> Uncontradicted(DaemonJob[] foreign) =>
        foreign.GroupBy(job => job.Template.PreviousId).SelectMany(onParent => OfTheMost(onParent.GroupBy(job => (job.Height, job.NetworkDifficulty, job.Key))));

    /// <summary>
    /// Those under the key that is in use, or prepared; those under another one instead when more members publish these, and a change is allowed.
    /// </summary>
    private DaemonJob[] UnderPossibleKeys(DaemonJob[] foreign)
    {
        DaemonJob[] held = [.. foreign.Where(job => _keys.Holds(job.Key))];
        (int, int) present = VotesOf(held);
        DaemonJob[] others =
        [
            .. OfTheMost(foreign.Except(held).GroupBy(job => job.Key).Where(sameKey => VotesOf(sameKey).CompareTo(present) > 0 && sameKey.Any(MayTakeKey)))
                .Where(MayTakeKey),
        ];
        return others.Length > 0 ? others : held;
    }

    private bool MayTakeKey(DaemonJob job) => _keys.MayTake(job.Key, isProven(job.Publisher!));

    private IEnumerable<DaemonJob> OfTheMost<TClaim>(IEnumerable<IGrouping<TClaim, DaemonJob>> claims) =>
        claims.GroupBy(VotesOf).MaxBy(sameVotes => sameVotes.Key)?.SelectMany(claim => claim) ?? [];

    private DaemonJob TakeKeys(DaemonJob job, DaemonJob? own)
    {
        bool isPublisherProven = isProven(job.Publisher!);
        if (own is null)
            _keys.TryTake(job.Key, isPublisherProven);
        return job.NextKey is Hash256 next && next != own?.NextKey && !_keys.TryTake(next, isPublisherProven) ? job.WithoutNextKey() : job;
    }

    /// <summary>Who has found shares counts first: names cost nothing.</summary>
    private (int Proven, int All) VotesOf(IEnumerable<DaemonJob> jobs)
    {
        (int Proven, int All) votes = default;
        foreach (DaemonJob job in jobs)
            votes = (votes.Proven + (isProven(job.Publisher!) ? 1 : 0), votes.All + 1);
        return votes;
    }
}
