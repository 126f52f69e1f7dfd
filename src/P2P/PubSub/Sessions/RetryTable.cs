using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.PubSub.Sessions;

/// <summary>
/// When to open streams again to peers that are still connected, ever more rarely, and not for ever. Not thread-safe. Its size is bounded by
/// the connected peers.
/// </summary>
internal sealed class RetryTable(TimeProvider time)
{
    private const int MaxAttempts = 6;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);

    private readonly Dictionary<PeerId, (int Attempts, TimeSpan Due)> _peers = [];

    internal int Count => _peers.Count;

    internal void Add(PeerId peer)
    {
        int attempts = _peers.GetValueOrDefault(peer).Attempts;
        _peers[peer] = (attempts + 1, attempts < MaxAttempts ? time.Monotonic() + (FirstDelay * (1 << attempts)) : TimeSpan.MaxValue);
    }

    internal void Forget(PeerId peer) => _peers.Remove(peer);

    /// <summary>The peers whose time has come.</summary>
    internal List<PeerId> TakeDue()
    {
        TimeSpan now = time.Monotonic();
        List<PeerId> due = [.. _peers.Where(entry => entry.Value.Due <= now).Select(entry => entry.Key)];
        foreach (PeerId peer in due)
            _peers[peer] = (_peers[peer].Attempts, TimeSpan.MaxValue);
        return due;
    }
}
