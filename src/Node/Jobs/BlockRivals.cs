using P2PMiner.Mining;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// Which blocks a further one would only compete with. One on the same template would, as long as the one that was found before is not
/// refused; one on an earlier template of the same publisher, which a thread that was held up brings late; and any on the parent on which
/// this node's own daemon has taken one last. A block that waits, or of which only members speak, stands in the way of none on another
/// template: it may be refused, for transactions that only its publisher's daemon had, and that daemon may be gone. Thread-safe.
/// </summary>
internal sealed class BlockRivals
{
    /// <summary>Templates with a block that are remembered, the newest; a job lasts until the next block, or less.</summary>
    public const int Capacity = 32;

    private readonly Lock _lock = new();
    private readonly List<Rival> _rivals = [];
    private Rival? _taken;

    /// <summary>The block that one of this job would only compete with; null when there is none.</summary>
    public Hash256? Find(DaemonJob job)
    {
        lock (_lock)
            return (IsOnTakenParent(job) ? _taken : _rivals.Find(rival => rival.IsRivalOf(job)))?.Id;
    }

    /// <summary>Takes note of a block that is about to be submitted, unless there is another already.</summary>
    /// <param name="job">What it was found on.</param>
    /// <param name="block">Its id.</param>
    /// <returns>The other one; null when there is none.</returns>
    public Hash256? FindOrAdd(DaemonJob job, Hash256 block)
    {
        lock (_lock)
        {
            if (Find(job) is Hash256 rival)
                return rival;
            if (_rivals.Count == Capacity)
                _rivals.RemoveAt(0);
            _rivals.Add(new Rival(block, job.Publisher, job.Raw, job.Number));
            return null;
        }
    }

    /// <summary>Takes note of the last word on a block.</summary>
    /// <param name="block">Its id.</param>
    /// <param name="outcome">Accepted or rejected.</param>
    public void Settle(Hash256 block, BlockOutcome outcome)
    {
        lock (_lock)
        {
            if (_rivals.Find(rival => rival.Id == block) is not Rival settled)
                return;
            if (outcome.Verdict == BlockVerdict.Rejected)
                _rivals.Remove(settled);
            else if (!outcome.IsHearsay)
                _taken = settled;
        }
    }

    /// <summary>The member on whose template a block was found; null for this node's own, and for a block that is not remembered.</summary>
    public PeerId? PublisherOf(Hash256 block)
    {
        lock (_lock)
            return _rivals.Find(rival => rival.Id == block)?.Publisher;
    }

    private bool IsOnTakenParent(DaemonJob job) => _taken?.Template.PreviousId == job.Template.PreviousId;

    private sealed record Rival(Hash256 Id, PeerId? Publisher, DaemonTemplate Template, long Number)
    {
        public bool IsRivalOf(DaemonJob job) =>
            ReferenceEquals(Template.Blob, job.Raw.Blob) || (job.Number < Number && Equals(Publisher, job.Publisher));
    }
}
