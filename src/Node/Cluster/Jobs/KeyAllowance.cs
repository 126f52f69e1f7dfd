using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Jobs;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Jobs;

/// <summary>
/// Which keys a member may name in its jobs. A key costs a cache of 256 MiB where something is checked under it, so that nobody can name
/// one after the other: an epoch lasts days. Names cost nothing, so what strangers name takes nothing away from members that have proved
/// themselves.
/// </summary>
/// <param name="keys">Those that are known.</param>
/// <param name="view">What members say that they know.</param>
/// <param name="standing">Who is no stranger.</param>
/// <param name="time">Clock.</param>
internal sealed class KeyAllowance(KnownKeys keys, MemberView view, Standing standing, TimeProvider time)
{
    /// <summary>Two keys of one member at once and one more each hour; of all strangers four, and one more every 15 minutes.</summary>
    private static readonly BudgetRates Rates = new(PeerRate: 1 / 3600.0, PeerBurst: 2, TotalRate: 1 / 900.0, TotalBurst: 4);

    private readonly CheckBudget _strangers = new(time, Rates);
    private readonly CheckBudget _proven = new(time, Rates);

    /// <summary>Whether jobs under a key are taken; it is known from then on. One that a proven member with a daemon knows is nobody's choice.</summary>
    public bool TryAllow(PeerId publisher, Hash256 key)
    {
        bool isAllowed = keys.Contains(key) || view.IsKeyOfDaemon(key, standing.IsProven)
            || (standing.IsProven(publisher) ? _proven : _strangers).TryTake(publisher);
        if (isAllowed)
            keys.Add(key);
        return isAllowed;
    }
}
