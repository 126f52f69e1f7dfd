using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Membership;

/// <summary>
/// Which of the keys that members name are believed: to check a share under a key takes a cache of 256 MiB, so nobody shall name one after the
/// other. Those of members who have proved themselves are, and those that most of several connected members name. As long as no proven member
/// names any, as for a node that has just come, a connected stranger may name a few. Not thread-safe.
/// </summary>
/// <param name="time">Fills the allowance.</param>
internal sealed class HeardKeys(TimeProvider time)
{
    /// <summary>Connected members that are several.</summary>
    public const int Several = 3;

    /// <summary>Keys that strangers named which are remembered, the newest.</summary>
    private const int Capacity = 16;

    /// <summary>Two keys of one stranger at once and one more each hour; of all strangers four, and one more every 15 minutes.</summary>
    private static readonly BudgetRates Rates = new(PeerRate: 1 / 3600.0, PeerBurst: 2, TotalRate: 1 / 900.0, TotalBurst: 4);

    private readonly CheckBudget _budget = new(time, Rates);
    private readonly List<Hash256> _allowed = [];

    /// <summary>Whether a key is believed. To be asked only when a share needs it: what a stranger names is paid for when it is used.</summary>
    /// <param name="key">The key.</param>
    /// <param name="members">The live members.</param>
    public bool IsBelieved(Hash256 key, IEnumerable<Naming> members)
    {
        List<PeerId> strangers = [];
        bool isNamed = false;
        bool hasProven = false;
        int connected = 0;
        foreach (Naming member in members)
        {
            if (member.Keys.Count == 0)
                continue;
            bool names = member.Keys.Contains(key);
            if (member.IsProven && names)
                return true;
            hasProven |= member.IsProven;
            isNamed |= names;
            connected += member.IsConnected ? 1 : 0;
            if (names && member.IsConnected)
                strangers.Add(member.Peer);
        }
        if (!isNamed)
            return false;
        if (_allowed.Contains(key) || (connected >= Several && 2 * strangers.Count > connected))
            return true;
        return !hasProven && strangers.Any(_budget.TryTake) && Allow(key);
    }

    private bool Allow(Hash256 key)
    {
        if (_allowed.Count == Capacity)
            _allowed.RemoveAt(0);
        _allowed.Add(key);
        return true;
    }

    /// <param name="Peer">A live member.</param>
    /// <param name="Keys">Those that it names.</param>
    /// <param name="IsProven">Whether it has proved itself.</param>
    /// <param name="IsConnected">Whether it is connected with this node.</param>
    internal readonly record struct Naming(PeerId Peer, IReadOnlyList<Hash256> Keys, bool IsProven, bool IsConnected);
}
