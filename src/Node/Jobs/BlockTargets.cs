using P2PMiner.Mining;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Jobs;

/// <summary>What a block on each of the last parents has to meet, by the jobs that were known here. Thread-safe.</summary>
internal sealed class BlockTargets
{
    /// <summary>Parents that are remembered, the newest.</summary>
    public const int Capacity = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<Hash256, UInt128> _targets = [];
    private readonly Queue<Hash256> _order = [];

    public void Remember(DaemonJob job)
    {
        Hash256 parent = job.Template.PreviousId;
        lock (_lock)
        {
            if (_targets.TryGetValue(parent, out UInt128 known))
            {
                // Two say different things: to ask too much would lose a block, to ask too little costs a daemon a look.
                _targets[parent] = UInt128.Min(known, job.NetworkDifficulty);
                return;
            }
            _targets[parent] = job.NetworkDifficulty;
            _order.Enqueue(parent);
            if (_order.Count > Capacity)
                _targets.Remove(_order.Dequeue());
        }
    }

    /// <summary>The difficulty of a block on a parent.</summary>
    /// <param name="parent">Id of the block before it.</param>
    /// <param name="isKnown">False for half of the least of all that are known, because this parent is not: Monero's moves slowly.</param>
    /// <returns>Null when no job was known at all.</returns>
    public UInt128? DifficultyOf(Hash256 parent, out bool isKnown)
    {
        lock (_lock)
        {
            isKnown = _targets.TryGetValue(parent, out UInt128 known);
            if (isKnown)
                return known;
            return _targets.Count == 0 ? null : UInt128.Max(1, _targets.Values.Min() / 2);
        }
    }
}
