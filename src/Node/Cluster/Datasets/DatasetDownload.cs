using System.Security.Cryptography;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>
/// Whom to ask for chunks of one dataset that is being made here. Four hosts are asked at a time. When others wait that may be faster, because
/// they were never asked or were faster when they were, one of them is asked as well, on trial; then the slowest of the five goes.
/// </summary>
/// <param name="intake">Of the dataset.</param>
/// <param name="hosts">Members that host it and are welcome.</param>
/// <param name="meet">Makes what stands for a host.</param>
/// <param name="isProven">Whether a member has proved itself.</param>
/// <param name="time">Paces.</param>
internal sealed class DatasetDownload(
    ChunkIntake intake, Func<IReadOnlyList<PeerId>> hosts, Func<PeerId, DatasetHost> meet, Predicate<PeerId> isProven, TimeProvider time)
{
    /// <summary>Hosts that are asked at the same time, but for one on trial.</summary>
    public const int MaxHosts = 4;

    /// <summary>Looked so often for hosts that came meanwhile, and for faster ones.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Each is asked for so long before the slowest goes: for runs to grow to their full length.</summary>
    public static readonly TimeSpan Trial = TimeSpan.FromSeconds(3);

    /// <summary>Caught at lies about this dataset; after that many the next may be the same one again, so that only members who have proved themselves are asked then.</summary>
    private const int MaxLiars = 3;

    /// <summary>Hosts that are remembered, with what they sent; others are not asked. Strangers need hours to come in so great number.</summary>
    private const int MaxKnown = 4096;

    /// <summary>So much faster than the slowest of those who are asked one was that waits, to be tried again.</summary>
    private const double Faster = 1.5;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, DatasetHost> _known = [];
    private bool _isOver;

    /// <summary>Runs until cancelled; the intake is not touched after that.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                foreach (DatasetHost host in _known.Values)
                    await host.SettleAsync();
                if (intake.HasFree)
                    Choose(cancellation);
                await Task.Delay(Look, time, cancellation);
            }
        }
        finally
        {
            foreach (DatasetHost host in _known.Values)
                await host.EndAsync();
            lock (_lock)
                _isOver = true;
            foreach (DatasetHost host in _known.Values)
                host.Dispose();
        }
    }

    /// <summary>A peer was shut out, for whatever reason: all that it sent is had again. On any thread.</summary>
    public void Revoke(PeerId peer)
    {
        lock (_lock)
        {
            if (!_isOver && _known.TryGetValue(peer, out DatasetHost? host))
                host.Revoke();
        }
    }

    private void Choose(CancellationToken cancellation)
    {
        DatasetHost[] waiting = Waiting();
        List<DatasetHost> asked = [.. _known.Values.Where(host => host.IsAsked && !host.IsLeaving)];
        foreach (DatasetHost host in waiting.Take(MaxHosts - asked.Count))
            Ask(host);
        if (asked.Count == MaxHosts && waiting.FirstOrDefault(MayBeFaster) is { } next)
            Ask(next);
        else if (asked.Count > MaxHosts && asked.TrueForAll(host => host.AskedFor >= Trial))
            asked.MinBy(host => host.Pace.Estimate)!.Dismiss();

        void Ask(DatasetHost host)
        {
            host.Ask(cancellation);
            asked.Add(host);
        }

        bool MayBeFaster(DatasetHost host) =>
            !host.IsAsked && !_known.Values.Any(other => other.IsLeaving)
            && (!host.Pace.IsKnown || host.Pace.Rate > Faster * asked.Min(other => other.Pace.Estimate));
    }

    /// <summary>Hosts that can be asked: those that never were, of these first who has proved himself; then the fast before the slow.</summary>
    private DatasetHost[] Waiting()
    {
        int liars = _known.Values.Count(host => host.IsLiar);
        PeerId[] found = [.. hosts().Where(peer => liars < MaxLiars || isProven(peer))];

        // Who was there first shall not always be the first.
        RandomNumberGenerator.Shuffle(found.AsSpan());
        return
        [
            .. found.Select(Known).OfType<DatasetHost>()
                .Where(host => host.IsFree && host.Pace.IsWorthIt(intake.LocalRate))
                .OrderBy(host => host.WasAsked).ThenBy(host => !host.WasAsked && !isProven(host.Peer)).ThenByDescending(host => host.Pace.Rate),
        ];
    }

    private DatasetHost? Known(PeerId peer)
    {
        if (_known.TryGetValue(peer, out DatasetHost? known))
            return known;
        if (_known.Count == MaxKnown)
            return null;
        DatasetHost host = meet(peer);
        lock (_lock)
            _known[peer] = host;
        return host;
    }
}
