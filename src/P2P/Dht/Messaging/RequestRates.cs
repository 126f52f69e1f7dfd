using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Messaging;

/// <summary>
/// Lets each peer make so many requests per second in the long run, and as many at once when it was quiet before; then it has to wait. Peers
/// that were quiet for a second are forgotten within some minutes, or as soon as too many are remembered.
/// </summary>
internal sealed class RequestRates(int perSecond, TimeProvider time)
{
    /// <summary>Peers remembered; beyond that the quiet ones are looked for.</summary>
    private const int MaxPeers = 4096;

    /// <summary>Between two looks for the quiet ones.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();

    /// <summary>When the peer's requests so far would have been made at its rate.</summary>
    private readonly Dictionary<PeerId, DateTimeOffset> _paidUntil = [];

    private DateTimeOffset _nextSweep = time.GetUtcNow() + SweepInterval;

    /// <summary>Peers remembered.</summary>
    internal int Count
    {
        get
        {
            lock (_lock)
                return _paidUntil.Count;
        }
    }

    /// <summary>Waits until a peer may make one more request.</summary>
    internal Task WaitAsync(PeerId peer, CancellationToken cancellation)
    {
        TimeSpan ahead;
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            if (now >= _nextSweep || (_paidUntil.Count >= MaxPeers && !_paidUntil.ContainsKey(peer)))
                Forget(now);
            DateTimeOffset paid = _paidUntil.GetValueOrDefault(peer, now);
            paid = (paid > now ? paid : now) + (TimeSpan.FromSeconds(1) / perSecond);
            _paidUntil[peer] = paid;
            ahead = paid - now - TimeSpan.FromSeconds(1);
        }
        return ahead <= TimeSpan.Zero ? Task.CompletedTask : Task.Delay(ahead, time, cancellation);
    }

    private void Forget(DateTimeOffset now)
    {
        _nextSweep = now + SweepInterval;
        foreach (PeerId quiet in _paidUntil.Where(entry => entry.Value <= now).Select(entry => entry.Key).ToArray())
            _paidUntil.Remove(quiet);
    }
}
