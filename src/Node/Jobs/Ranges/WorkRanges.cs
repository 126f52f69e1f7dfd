using P2PMiner.Mining;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs.Ranges;

/// <summary>
/// This node's part of the nonce space of a job with a fixed blob, from what it knows of the members. Members that are gone keep
/// their slices for a while, since they may only be out of reach and searching on; they lose them when this node has nothing else
/// left to do. Thread-safe.
/// </summary>
/// <param name="self">This node.</param>
/// <param name="time">Measures how long members are gone.</param>
internal sealed class WorkRanges(PeerId self, TimeProvider time) : INonceRanges
{
    /// <summary>How long a member that is gone keeps its slices: partitions and restarts are shorter.</summary>
    public static readonly TimeSpan AbsenceLifetime = TimeSpan.FromHours(1);

    /// <summary>Members in all, gone ones included; beyond it, those go first that are gone for longest.</summary>
    public const int MaxMembers = 2048;

    private readonly Lock _lock = new();
    private readonly SliceMap _map = new();
    private readonly OwnSlices _own = new();
    private readonly Dictionary<PeerId, long> _gone = [];
    private HashSet<PeerId> _present = [];

    /// <summary>Slices of this node.</summary>
    public int Owned
    {
        get
        {
            lock (_lock)
                return _own.Count;
        }
    }

    /// <summary>Takes the live members and their weights, this node's included.</summary>
    /// <param name="weights">0 for a member that does not hash.</param>
    public void SetMembers(IReadOnlyDictionary<PeerId, int> weights)
    {
        lock (_lock)
        {
            foreach (PeerId gone in _present.Where(member => !weights.ContainsKey(member)))
                _gone[gone] = time.GetTimestamp();

            // This node comes last, so that it knows of its first slices whether somebody has had them.
            foreach ((PeerId member, int weight) in weights.OrderBy(pair => pair.Key.Equals(self)))
            {
                _gone.Remove(member);
                Set(member, weight);
            }
            _present = [.. weights.Keys];
            foreach ((PeerId member, _) in _gone.Where(pair => time.GetElapsedTime(pair.Value) > AbsenceLifetime).ToArray())
                Forget(member);
            foreach ((PeerId member, _) in _gone.OrderBy(pair => pair.Value).Take(Math.Max(0, _map.Count - MaxMembers)).ToArray())
                Forget(member);
        }
    }

    /// <summary>Another job begins: nothing of it was searched.</summary>
    public void Restart()
    {
        lock (_lock)
            _own.Restart();
    }

    /// <inheritdoc/>
    public bool TryTake(out uint first, out uint count)
    {
        lock (_lock)
        {
            count = SliceMap.SliceSize;
            if (!_own.TryTake(out int slice))
            {
                foreach (PeerId member in _gone.Keys.ToArray())
                    Forget(member);
                if (!_own.TryTake(out slice))
                {
                    first = 0;
                    return false;
                }
            }
            first = (uint)slice * SliceMap.SliceSize;
            return true;
        }
    }

    /// <inheritdoc/>
    public bool IsStillOurs(uint first)
    {
        lock (_lock)
            return _own.Contains((int)(first / SliceMap.SliceSize));
    }

    private void Forget(PeerId member)
    {
        _gone.Remove(member);
        Set(member, 0);
    }

    private void Set(PeerId member, int weight)
    {
        foreach (SliceMove move in _map.Set(member, weight))
        {
            if (self.Equals(move.To))
                _own.Add(move.Slice, _map.ScoreOf(move.Slice), move.From is null ? null : move.FormerScore);
            else if (self.Equals(move.From))
                _own.Remove(move.Slice);
        }
    }
}
