using P2PMiner.Node.Api;

namespace P2PMiner.Node.Jobs;

/// <summary>Counts this node's shares since start and remembers the newest, for status and API. Safe for any thread.</summary>
internal sealed class ShareLedger
{
    /// <summary>How many shares are remembered.</summary>
    public const int Capacity = 100;

    private readonly Lock _lock = new();
    private readonly Queue<ShareStatus> _recent = new(Capacity);
    private long _found;
    private long _accepted;
    private long _rejected;
    private long _stale;

    public ShareCounts Counts
    {
        get
        {
            lock (_lock)
                return new ShareCounts(_found, _accepted, _rejected, _stale);
        }
    }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<ShareStatus> Recent
    {
        get
        {
            lock (_lock)
                return [.. _recent.Reverse()];
        }
    }

    /// <summary>Records a share whose fate is known.</summary>
    public void Record(ShareStatus share)
    {
        lock (_lock)
        {
            _found++;
            switch (share.State)
            {
                case ShareState.Accepted:
                    _accepted++;
                    break;
                case ShareState.Rejected:
                    _rejected++;
                    break;
                case ShareState.Stale:
                    _stale++;
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(share), share.State, "not a fate");
            }
            if (_recent.Count == Capacity)
                _recent.Dequeue();
            _recent.Enqueue(share);
        }
    }
}

/// <summary>What became of a share, in the words of the API.</summary>
internal static class ShareState
{
    public const string Accepted = "accepted";
    public const string Rejected = "rejected";
    public const string Stale = "stale";
}
