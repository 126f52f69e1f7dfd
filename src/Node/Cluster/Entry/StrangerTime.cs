using P2PMiner.Hardware;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Entry;

/// <summary>
/// The processor time that is spent on what strangers say (<see cref="Standing"/>), all of them together: however many names somebody has,
/// and whatever the things that he makes others look at cost, he gets no more of it. What members say who have proved themselves is not
/// counted here. Thread-safe.
/// </summary>
/// <param name="standing">Who is none.</param>
/// <param name="processors">That the process may use.</param>
/// <param name="proofCost">What one check of proof of work takes of a processor, as measured lately.</param>
/// <param name="time">Fills it.</param>
internal sealed class StrangerTime(Standing standing, int processors, Func<TimeSpan> proofCost, TimeProvider time)
{
    /// <summary>Of all the processors' time, in the long run.</summary>
    public const double Part = 0.02;

    /// <summary>Of one processor, at once after a pause: the first shares of a score of new members, in light mode.</summary>
    public static readonly TimeSpan Burst = TimeSpan.FromSeconds(0.5);

    private readonly Lock _lock = new();
    private readonly Bucket _seconds = new(Burst.TotalSeconds, Part * processors, time);

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

    private void Spend(PeerId peer, TimeSpan spent)
    {
        if (Standing.IsProven(peer))
            return;
        lock (_lock)
            _seconds.Take(spent.TotalSeconds);
    }
}
