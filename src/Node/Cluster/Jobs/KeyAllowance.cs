using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Jobs;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Jobs;

/// <summary>
/// Which keys a member may name in its jobs. A key costs a cache of 256 MiB and, where it is mined with, a dataset, so that
/// nobody can name one after the other: an epoch lasts days.
/// </summary>
internal sealed class KeyAllowance(KnownKeys keys, TimeProvider time)
{
    /// <summary>Two keys of one member at once and one more each hour; of all members four, and one more every 15 minutes.</summary>
    private static readonly BudgetRates Rates = new(PeerRate: 1 / 3600.0, PeerBurst: 2, TotalRate: 1 / 900.0, TotalBurst: 4);

    private readonly CheckBudget _budget = new(time, Rates);

    /// <summary>Whether jobs under a key are taken; it is known from then on.</summary>
    public bool TryAllow(PeerId publisher, Hash256 key)
    {
        if (keys.Contains(key))
            return true;
        if (!_budget.TryTake(publisher))
            return false;
        keys.Add(key);
        return true;
    }
}
