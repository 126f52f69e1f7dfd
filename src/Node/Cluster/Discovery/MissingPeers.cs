using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Discovery;

/// <summary>Which of the peers that were members once are dialled now: a few at a time, each less and less often. For one thread.</summary>
/// <param name="time">Measures the pauses.</param>
internal sealed class MissingPeers(TimeProvider time)
{
    /// <summary>Peers that are dialled at once.</summary>
    public const int AtOnce = 4;

    /// <summary>Between the first two dials of a peer; then twice as long each time.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);

    /// <summary>The longest time between dials of a peer, unless there are more than four times as many of them as minutes in it.</summary>
    public static readonly TimeSpan MaxPause = TimeSpan.FromMinutes(16);

    private readonly Dictionary<PeerId, Trial> _trials = [];

    /// <summary>Peers to dial now; they count as dialled.</summary>
    /// <param name="known">All that were members once; no more than these are remembered here.</param>
    /// <param name="isThere">Whether a peer is a member now.</param>
    public IReadOnlyList<PeerId> Take(IReadOnlyCollection<PeerId> known, Predicate<PeerId> isThere)
    {
        PeerId[] missing = [.. known.Where(peer => !isThere(peer))];
        foreach (PeerId peer in _trials.Keys.Except(missing).ToArray())
            _trials.Remove(peer);
        PeerId[] due =
        [
            .. missing.Where(peer => !_trials.TryGetValue(peer, out Trial? trial) || time.GetElapsedTime(trial.At) >= trial.Pause)
                .OrderBy(peer => _trials.TryGetValue(peer, out Trial? trial) ? trial.At : long.MinValue).Take(AtOnce),
        ];
        foreach (PeerId peer in due)
        {
            TimeSpan pause = _trials.TryGetValue(peer, out Trial? trial) ? 2 * trial.Pause : FirstPause;
            _trials[peer] = new Trial(time.GetTimestamp(), pause < MaxPause ? pause : MaxPause);
        }
        return due;
    }

    /// <param name="At">When it was dialled last.</param>
    /// <param name="Pause">For how long it is left alone then.</param>
    private sealed record Trial(long At, TimeSpan Pause);
}
