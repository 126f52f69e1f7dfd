using P2PMiner.Mining;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// What a found block has to meet, by the jobs that are known here. A member may publish a job that asks for no work, on a parent that does
/// not exist: so only jobs of this node's own daemon say what goes to its daemons, and what members claim only what is passed on among those
/// who know no better. Thread-safe.
/// </summary>
internal sealed class BlockTargets
{
    /// <summary>Parents that are remembered, the newest, of the own daemon's jobs and of members' each.</summary>
    public const int Capacity = 64;

    /// <summary>How far a block may be ahead of the own daemon for it to get it: by as much as a member's job that this node mines.</summary>
    public const ulong MaxLead = OwnDaemonView.MaxLead;

    private readonly Lock _lock = new();
    private readonly Dictionary<Hash256, Own> _own = [];
    private readonly Queue<Hash256> _ownOrder = [];
    private readonly List<Claim> _claims = [];
    private ulong _height;

    /// <summary>Learns from a job of this node's daemon, or of a member (<see cref="DaemonJob.Publisher"/>).</summary>
    public void Remember(DaemonJob job)
    {
        lock (_lock)
        {
            if (job.Publisher is null)
                RememberOwn(job);
            else
                RememberClaim(job, job.Publisher);
        }
    }

    /// <summary>What a block has to meet.</summary>
    /// <param name="parent">Id of the block before it.</param>
    /// <param name="height">The height that its coinbase claims.</param>
    /// <returns>Null when no job was known at all, or the own daemon's says that there is no such block.</returns>
    public BlockTarget? Find(Hash256 parent, ulong height)
    {
        lock (_lock)
        {
            UInt128? claimed = _claims.FirstOrDefault(claim => claim.Parent == parent)?.Difficulty;
            return _own.Count == 0 ? ByClaims(claimed) : ByOwn(parent, height, claimed);
        }
    }

    private BlockTarget? ByOwn(Hash256 parent, ulong height, UInt128? claimed)
    {
        if (_own.TryGetValue(parent, out Own? own))
        {
            // Who mined what a liar published is not to blame for it.
            return own.Height == height ? new BlockTarget(own.Difficulty, IsKnown: true, IsForDaemons: true, IsBlamed: !(claimed < own.Difficulty)) : null;
        }
        UInt128 least = HalfOf(_own.Values.Min(known => known.Difficulty));

        // One far behind may be of a finder that was away for long, who waits for the daemon's word as the others do.
        bool isForDaemons = height <= _height + MaxLead;
        return claimed >= least
            ? new BlockTarget(claimed.Value, IsKnown: true, isForDaemons, IsBlamed: true)
            : new BlockTarget(least, IsKnown: false, isForDaemons, IsBlamed: false);
    }

    private BlockTarget? ByClaims(UInt128? claimed)
    {
        if (claimed is UInt128 difficulty)
            return new BlockTarget(difficulty, IsKnown: true, IsForDaemons: false, IsBlamed: true);
        return _claims.Count == 0 ? null : new BlockTarget(HalfOf(_claims.Min(claim => claim.Difficulty)), IsKnown: false, IsForDaemons: false, IsBlamed: false);
    }

    private static UInt128 HalfOf(UInt128 difficulty) => UInt128.Max(1, difficulty / 2);

    private void RememberOwn(DaemonJob job)
    {
        _height = job.Height;
        if (!_own.ContainsKey(job.Template.PreviousId))
            _ownOrder.Enqueue(job.Template.PreviousId);
        _own[job.Template.PreviousId] = new Own(job.NetworkDifficulty, job.Height);
        if (_ownOrder.Count > Capacity)
            _own.Remove(_ownOrder.Dequeue());
    }

    private void RememberClaim(DaemonJob job, PeerId publisher)
    {
        Hash256 parent = job.Template.PreviousId;
        if (_claims.Find(claim => claim.Parent == parent) is Claim known)
        {
            // Two say different things: to ask too much would lose a block, to ask too little costs others a look.
            known.Difficulty = UInt128.Min(known.Difficulty, job.NetworkDifficulty);
            return;
        }
        _claims.Add(new Claim(parent, publisher) { Difficulty = job.NetworkDifficulty });
        if (_claims.Count > Capacity)
            _claims.Remove(OldestOfTheBusiest());
    }

    /// <summary>So that one who publishes on one parent after the other has only his own forgotten.</summary>
    private Claim OldestOfTheBusiest()
    {
        PeerId busiest = _claims.CountBy(claim => claim.Publisher).MaxBy(count => count.Value).Key;
        return _claims.First(claim => claim.Publisher.Equals(busiest));
    }

    private sealed record Own(UInt128 Difficulty, ulong Height);

    private sealed class Claim(Hash256 parent, PeerId publisher)
    {
        public Hash256 Parent { get; } = parent;

        public PeerId Publisher { get; } = publisher;

        public UInt128 Difficulty { get; set; }
    }
}

/// <summary>What a block has to meet.</summary>
/// <param name="Difficulty">For an unknown parent half of the least that is known: Monero's moves slowly.</param>
/// <param name="IsKnown">Whether a job on its parent is known.</param>
/// <param name="IsForDaemons">Whether a block that meets it goes to this node's daemons.</param>
/// <param name="IsBlamed">Whether whoever brings one that does not meet it is to blame.</param>
internal readonly record struct BlockTarget(UInt128 Difficulty, bool IsKnown, bool IsForDaemons, bool IsBlamed);
