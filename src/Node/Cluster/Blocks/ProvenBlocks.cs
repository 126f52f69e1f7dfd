using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Jobs;

namespace P2PMiner.Node.Cluster.Blocks;

/// <summary>The last blocks whose proof of work was found valid, and what came of them here. Thread-safe.</summary>
internal sealed class ProvenBlocks(TimeProvider time)
{
    /// <summary>Blocks that are remembered, the newest.</summary>
    private const int Capacity = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<Hash256, Entry> _blocks = [];
    private readonly Queue<Hash256> _order = [];

    /// <summary>Whether the proof needs no check any more.</summary>
    /// <param name="block">Its id.</param>
    /// <param name="isForDaemons">Whether it has to meet what this node's own daemon asks for.</param>
    public bool Contains(Hash256 block, bool isForDaemons)
    {
        lock (_lock)
            return _blocks.TryGetValue(block, out Entry? entry) && (entry.IsForDaemons || !isForDaemons);
    }

    /// <param name="block">Its id.</param>
    /// <param name="isForDaemons">Whether it meets what this node's own daemon asks for.</param>
    public void Add(Hash256 block, bool isForDaemons)
    {
        lock (_lock)
            EntryOf(block).IsForDaemons |= isForDaemons;
    }

    /// <summary>What this node's daemons say of a block, whoever found it.</summary>
    public void Add(BlockFate fate)
    {
        lock (_lock)
            EntryOf(fate.Id).Fate = fate;
    }

    /// <summary>Null until this node's daemons have said something.</summary>
    public BlockFate? FateOf(Hash256 block)
    {
        lock (_lock)
            return _blocks.GetValueOrDefault(block)?.Fate;
    }

    /// <summary>Whether it is time to hand the block to the daemons: the first time, or so long after the last.</summary>
    public bool TryOffer(Hash256 block, TimeSpan pause)
    {
        lock (_lock)
        {
            if (!_blocks.TryGetValue(block, out Entry? entry) || (entry.Offered is long last && time.GetElapsedTime(last) < pause))
                return false;
            entry.Offered = time.GetTimestamp();
            return true;
        }
    }

    private Entry EntryOf(Hash256 block)
    {
        if (_blocks.TryGetValue(block, out Entry? known))
            return known;
        _order.Enqueue(block);
        if (_order.Count > Capacity)
            _blocks.Remove(_order.Dequeue());
        return _blocks[block] = new Entry();
    }

    private sealed class Entry
    {
        public bool IsForDaemons { get; set; }

        public BlockFate? Fate { get; set; }

        public long? Offered { get; set; }
    }
}
