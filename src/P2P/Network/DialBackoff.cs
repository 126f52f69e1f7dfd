using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>Leaves addresses alone that did not lead to their peer: longer after each failure, with some chance in it so that peers do not retry in step.</summary>
/// <param name="limits">Shortest and longest time.</param>
/// <param name="time">The clock.</param>
/// <param name="random">A number from 0 to below 1 per call.</param>
internal sealed class DialBackoff(ConnectionLimits limits, TimeProvider time, Func<double> random)
{
    /// <summary>Addresses remembered; the one whose time is up first makes room.</summary>
    internal const int MaxEntries = 4096;

    /// <summary>Between two looks for addresses that have been left alone for long enough to be forgotten.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(10);

    /// <summary>The time is spread over this part of it, downwards.</summary>
    private const double Jitter = 0.3;

    /// <summary>Doubling stops here: 2^20 s are more than any sensible maximum.</summary>
    private const int MaxDoublings = 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<(PeerId? Peer, Multiaddr Address), Entry> _entries = [];
    private DateTimeOffset _nextSweep = time.GetUtcNow() + SweepInterval;

    internal int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    internal bool IsBlocked(PeerId? peer, Multiaddr address)
    {
        lock (_lock)
            return _entries.TryGetValue((peer, address), out Entry entry) && entry.Until > time.GetUtcNow();
    }

    internal void Failed(PeerId? peer, Multiaddr address)
    {
        lock (_lock)
        {
            Sweep();
            int failures = _entries.GetValueOrDefault((peer, address)).Failures;
            if (failures == 0 && _entries.Count >= MaxEntries)
                MakeRoom();
            double seconds = limits.BackoffBase.TotalSeconds * Math.Pow(2, Math.Min(failures, MaxDoublings));
            seconds = Math.Min(seconds, limits.BackoffMax.TotalSeconds) * (1 - (Jitter * random()));
            _entries[(peer, address)] = new Entry(failures + 1, time.GetUtcNow() + TimeSpan.FromSeconds(seconds));
        }
    }

    internal void Succeeded(PeerId? peer, Multiaddr address)
    {
        lock (_lock)
            _entries.Remove((peer, address));
    }

    /// <summary>The peer is alive: each of these addresses gets a new chance.</summary>
    internal void Forget(PeerId peer, IEnumerable<Multiaddr> addresses)
    {
        lock (_lock)
        {
            if (_entries.Count == 0)
                return;
            Sweep();
            foreach (Multiaddr address in addresses)
                _entries.Remove((peer, address));
        }
    }

    /// <summary>Failures count no more when the longest time has passed once again since the address could have been tried.</summary>
    private void Sweep()
    {
        DateTimeOffset now = time.GetUtcNow();
        if (now < _nextSweep)
            return;
        _nextSweep = now + SweepInterval;
        ForgetThoseUntil(now - limits.BackoffMax);
    }

    private void ForgetThoseUntil(DateTimeOffset limit)
    {
        foreach (((PeerId? Peer, Multiaddr Address) key, Entry entry) in _entries)
        {
            if (entry.Until <= limit)
                _entries.Remove(key);
        }
    }

    private void MakeRoom()
    {
        ForgetThoseUntil(time.GetUtcNow());
        if (_entries.Count >= MaxEntries)
            _entries.Remove(_entries.MinBy(static entry => entry.Value.Until).Key);
    }

    private readonly record struct Entry(int Failures, DateTimeOffset Until);
}
