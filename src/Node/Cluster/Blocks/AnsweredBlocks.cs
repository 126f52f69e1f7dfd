using P2PMiner.Mining;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Blocks;

/// <summary>Which members have said what their daemon made of the last blocks that were told to them. Thread-safe.</summary>
internal sealed class AnsweredBlocks
{
    /// <summary>Blocks that are remembered, the newest, and members of each: who is forgotten is told the block once more.</summary>
    private const int MaxBlocks = 256, MaxMembers = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<Hash256, HashSet<PeerId>> _members = [];
    private readonly Queue<Hash256> _order = [];

    /// <summary>Answers about this block count from now on.</summary>
    public void Open(Hash256 block)
    {
        lock (_lock)
        {
            if (!_members.TryAdd(block, []))
                return;
            _order.Enqueue(block);
            if (_order.Count > MaxBlocks)
                _members.Remove(_order.Dequeue());
        }
    }

    public void Add(Hash256 block, PeerId member)
    {
        lock (_lock)
        {
            if (_members.TryGetValue(block, out HashSet<PeerId>? members) && members.Count < MaxMembers)
                members.Add(member);
        }
    }

    public bool Contains(Hash256 block, PeerId member)
    {
        lock (_lock)
            return _members.TryGetValue(block, out HashSet<PeerId>? members) && members.Contains(member);
    }
}
