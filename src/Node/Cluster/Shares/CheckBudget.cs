using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Shares;

/// <summary>
/// How much is done for others, such as checks of proof of work: so much per peer and so much in all, and of the latter only a
/// part for those who have brought nothing valid yet. Otherwise who comes back with a new identity each time he is cut off would
/// have all of it. What is beyond is not done now; the chain is caught up on later. Thread-safe.
/// </summary>
/// <param name="time">Fills the budgets.</param>
/// <param name="rates">Other rates than those of shares.</param>
/// <param name="isTrusted">Who has brought something valid, where somebody else keeps account of that.</param>
internal sealed class CheckBudget(TimeProvider time, BudgetRates? rates = null, Predicate<PeerId>? isTrusted = null)
{
    /// <summary>Checks per second of one peer's shares, and at once after a pause. A cluster finds a share in 10 s.</summary>
    public const double PeerRate = 2, PeerBurst = 40;

    /// <summary>The same over all peers: a quarter of one core in light mode.</summary>
    public const double TotalRate = 10, TotalBurst = 100;

    /// <summary>Of that, for all peers together that have not brought a valid share yet: a few hundredths of a core.</summary>
    public const double NewRate = 0.5, NewBurst = 20;

    /// <summary>Peers that are remembered; beyond it, those who did nothing for longest are forgotten, newcomers first.</summary>
    private const int MaxPeers = 512;

    private readonly BudgetRates _rates = rates ?? new BudgetRates(PeerRate, PeerBurst, TotalRate, TotalBurst, NewRate, NewBurst);
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, Tokens> _peers = [];
    private Tokens _total = new(rates?.TotalBurst ?? TotalBurst, time.GetTimestamp());
    private Tokens _new = new(rates is null ? NewBurst : rates.NewBurst, time.GetTimestamp());

    public bool TryTake(PeerId peer)
    {
        bool? isKnown = isTrusted?.Invoke(peer);
        lock (_lock)
        {
            long now = time.GetTimestamp();
            Tokens total = Filled(_total, _rates.TotalRate, _rates.TotalBurst, now);
            Tokens own = Filled(_peers.GetValueOrDefault(peer, new Tokens(_rates.PeerBurst, now)), _rates.PeerRate, _rates.PeerBurst, now);
            own = own with { IsTrusted = isKnown ?? own.IsTrusted };
            Tokens strangers = Filled(_new, _rates.NewRate, _rates.NewBurst, now);
            if (total.Count < 1 || own.Count < 1 || (!own.IsTrusted && strangers.Count < 1))
                return false;
            _total = total with { Count = total.Count - 1 };
            if (!own.IsTrusted)
                _new = strangers with { Count = strangers.Count - 1 };
            Keep(peer, own with { Count = own.Count - 1 });
            return true;
        }
    }

    /// <summary>Takes note that a peer has brought something valid, which costs more than to check it.</summary>
    public void Trust(PeerId peer)
    {
        lock (_lock)
            Keep(peer, _peers.GetValueOrDefault(peer, new Tokens(_rates.PeerBurst, time.GetTimestamp())) with { IsTrusted = true });
    }

    /// <summary>Takes note that a peer has brought something that no honest one brings.</summary>
    public void Distrust(PeerId peer)
    {
        lock (_lock)
        {
            if (_peers.TryGetValue(peer, out Tokens tokens))
                _peers[peer] = tokens with { IsTrusted = false };
        }
    }

    private void Keep(PeerId peer, Tokens tokens)
    {
        if (!_peers.ContainsKey(peer) && _peers.Count >= MaxPeers)
            _peers.Remove(_peers.MinBy(pair => (pair.Value.IsTrusted, pair.Value.At)).Key);
        _peers[peer] = tokens;
    }

    private Tokens Filled(Tokens tokens, double rate, double burst, long now) =>
        tokens with { Count = Math.Min(burst, tokens.Count + rate * time.GetElapsedTime(tokens.At, now).TotalSeconds), At = now };

    /// <param name="Count">Checks left.</param>
    /// <param name="At">At that time.</param>
    /// <param name="IsTrusted">Whether the peer has brought something valid.</param>
    private readonly record struct Tokens(double Count, long At, bool IsTrusted = false);
}

/// <summary>
/// How much is done per second, and at once after a pause, for one peer, for all, and for all that have brought nothing valid yet.
/// </summary>
internal sealed record BudgetRates(
    double PeerRate, double PeerBurst, double TotalRate, double TotalBurst, double NewRate = BudgetRates.Unlimited, double NewBurst = BudgetRates.Unlimited)
{
    /// <summary>More than anything comes to.</summary>
    public const double Unlimited = 1e12;
}
