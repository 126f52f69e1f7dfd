using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Shares;

/// <summary>
/// How many proofs of work are checked for others' gossip: so many per peer that brings them and so many in all. What is
/// beyond is not checked now; the chain is caught up on later. Thread-safe.
/// </summary>
/// <param name="time">Fills the budgets.</param>
/// <param name="rates">Other rates than those of shares.</param>
internal sealed class CheckBudget(TimeProvider time, BudgetRates? rates = null)
{
    /// <summary>Checks per second of one peer's shares, and at once after a pause. A cluster finds a share in 10 s.</summary>
    public const double PeerRate = 2, PeerBurst = 40;

    /// <summary>The same over all peers: a quarter of one core in light mode.</summary>
    public const double TotalRate = 10, TotalBurst = 100;

    /// <summary>Peers that are remembered; beyond it, those who did nothing for longest are forgotten.</summary>
    private const int MaxPeers = 512;

    private readonly BudgetRates _rates = rates ?? new BudgetRates(PeerRate, PeerBurst, TotalRate, TotalBurst);
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, Tokens> _peers = [];
    private Tokens _total = new(rates?.TotalBurst ?? TotalBurst, time.GetTimestamp());

    public bool TryTake(PeerId peer)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            Tokens total = Filled(_total, _rates.TotalRate, _rates.TotalBurst, now);
            Tokens own = Filled(_peers.GetValueOrDefault(peer, new Tokens(_rates.PeerBurst, now)), _rates.PeerRate, _rates.PeerBurst, now);
            if (total.Count < 1 || own.Count < 1)
                return false;
            _total = total with { Count = total.Count - 1 };
            if (!_peers.ContainsKey(peer) && _peers.Count >= MaxPeers)
                _peers.Remove(_peers.MinBy(pair => pair.Value.At).Key);
            _peers[peer] = own with { Count = own.Count - 1 };
            return true;
        }
    }

    private Tokens Filled(Tokens tokens, double rate, double burst, long now) =>
        new(Math.Min(burst, tokens.Count + rate * time.GetElapsedTime(tokens.At, now).TotalSeconds), now);

    /// <param name="Count">Checks left.</param>
    /// <param name="At">At that time.</param>
    private readonly record struct Tokens(double Count, long At);
}

/// <summary>How much is done per second, and at once after a pause, for one peer and for all.</summary>
internal sealed record BudgetRates(double PeerRate, double PeerBurst, double TotalRate, double TotalBurst);
