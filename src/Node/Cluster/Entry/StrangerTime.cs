using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Entry;

/// <summary>
/// The processor time that is spent on what strangers say (<see cref="Standing"/>), all of them together: however many names somebody has,
/// and whatever the things that he makes others look at cost, he gets no more of it. The caches that are filled for them are counted
/// apart: one of these takes as much as strangers have in half a minute, in which new publishers' jobs would not be read. What members say
/// who have proved themselves is not counted here. Thread-safe.
/// </summary>
/// <param name="standing">Who is none.</param>
/// <param name="processors">That the process may use.</param>
/// <param name="proofCost">What one check of proof of work takes of a processor, as measured lately.</param>
/// <param name="time">Fills it.</param>
/// <param name="needsCache">Whether a check under a key takes a cache that has to be filled first; none does by default.</param>
internal sealed class StrangerTime(Standing standing, int processors, Func<TimeSpan> proofCost, TimeProvider time, Predicate<Hash256>? needsCache = null)
{
    /// <summary>Of all the processors' time, in the long run.</summary>
    public const double Part = 0.015;

    /// <summary>Of one processor, at once after a pause: the first shares of a dozen new members, in light mode.</summary>
    public static readonly TimeSpan Burst = TimeSpan.FromSeconds(0.3);

    /// <summary>
    /// Caches that are filled for strangers at once, and then one in this time: a third of all, so that one is left for others. Each takes
    /// 0.2 to 2 seconds of one processor.
    /// </summary>
    public const int Caches = 2;

    /// <inheritdoc cref="Caches"/>
    public static readonly TimeSpan CachePause = TimeSpan.FromSeconds(60);

    /// <summary>What is paid for a cache holds so long.</summary>
    public static readonly TimeSpan CacheLease = TimeSpan.FromSeconds(20);

    /// <summary>Keys whose caches are paid for; more than there can be.</summary>
    private const int MaxPaid = 16;

    private readonly Lock _lock = new();
    private readonly Bucket _seconds = new(Burst.TotalSeconds, Part * processors, time);
    private readonly Bucket _caches = new(Caches, 1 / CachePause.TotalSeconds, time);
    private readonly Dictionary<Hash256, long> _paid = [];

    /// <summary>Who is none.</summary>
    public Standing Standing { get; } = standing;

    /// <summary>Whether there is time left for something that a peer says.</summary>
    public bool IsLeftFor(PeerId peer)
    {
        if (Standing.IsProven(peer))
            return true;
        lock (_lock)
            return _seconds.Left > 0;
    }

    /// <summary>Takes the time of one check of proof of work for a peer.</summary>
    /// <returns>False if there is none left.</returns>
    public bool TryTakeProof(PeerId peer)
    {
        if (Standing.IsProven(peer))
            return true;
        double seconds = proofCost().TotalSeconds;
        lock (_lock)
        {
            if (_seconds.Left <= 0)
                return false;
            _seconds.Take(seconds);
            return true;
        }
    }

    /// <summary>Takes the time of one check of proof of work, and a cache if it needs one and the key has none.</summary>
    /// <returns>False if there is no time or no cache left.</returns>
    public bool TryTakeProof(PeerId peer, Hash256 key)
    {
        if (Standing.IsProven(peer))
            return true;
        bool isMissing = needsCache?.Invoke(key) ?? false;
        double seconds = proofCost().TotalSeconds;
        lock (_lock)
        {
            if (_seconds.Left <= 0 || (isMissing && !TryPay(key)))
                return false;
            _seconds.Take(seconds);
            return true;
        }
    }

    /// <summary>Takes a cache for a key, if it has none: once for all who need it.</summary>
    /// <returns>False if there is none left.</returns>
    public bool TryTakeCache(PeerId peer, Hash256 key)
    {
        if (needsCache is null || Standing.IsProven(peer) || !needsCache(key))
            return true;
        lock (_lock)
            return TryPay(key);
    }

    /// <summary>Takes the time of checks of proof of work that were made already.</summary>
    public void SpendProofs(PeerId peer, int count) => Spend(peer, count * proofCost());

    /// <summary>Does something on this thread for a peer, and takes the time of it.</summary>
    public T Measure<T>(PeerId peer, Func<T> work)
    {
        TimeSpan start = CurrentThread.ProcessorTime;
        try
        {
            return work();
        }
        finally
        {
            Spend(peer, CurrentThread.ProcessorTime - start);
        }
    }

    private bool TryPay(Hash256 key)
    {
        if (_paid.TryGetValue(key, out long at) && time.GetElapsedTime(at) < CacheLease)
            return true;
        if (_seconds.Left <= 0 || !_caches.TryTake())
            return false;
        if (_paid.Count == MaxPaid)
            _paid.Clear();
        _paid[key] = time.GetTimestamp();
        return true;
    }

    private void Spend(PeerId peer, TimeSpan spent)
    {
        if (Standing.IsProven(peer))
            return;
        lock (_lock)
            _seconds.Take(spent.TotalSeconds);
    }
}
