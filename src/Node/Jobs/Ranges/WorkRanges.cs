using P2PMiner.Mining;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs.Ranges;

/// <summary>
/// This node's part of the nonce space of a job with a fixed blob, from what it knows of the members. Members that are gone keep
/// their slices, since they may only be out of reach and searching on; this node searches them only when it has nothing else left to do,
/// and in the next job they are theirs again. Thread-safe.
/// </summary>
internal sealed class WorkRanges : INonceRanges
{
    /// <summary>
    /// How long a member that is gone keeps its slices. It costs nothing, because slices need not all be searched, and two sides of a cluster
    /// that forgot each other would search the same ones.
    /// </summary>
    public static readonly TimeSpan AbsenceLifetime = TimeSpan.FromDays(1);

    /// <summary>Members in all, gone ones included; beyond it, those go first that are gone for longest.</summary>
    public const int MaxMembers = 2048;

    private readonly PeerId _self;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly SliceMap _map;
    private readonly OwnSlices _own = new();
    private readonly Dictionary<PeerId, Absence> _gone = [];
    private readonly HashSet<PeerId> _present = [];
    private bool _hasTakenOver;

    /// <param name="self">This node.</param>
    /// <param name="time">Measures how long members are gone.</param>
    public WorkRanges(PeerId self, TimeProvider time)
        : this(self, time, new SliceMap())
    {
    }

    /// <summary>Begins with members that are known already: as if they had been set one after the other, with much less work.</summary>
    /// <param name="self">This node, which may be one of them.</param>
    /// <param name="time">Measures how long members are gone.</param>
    /// <param name="known">The members; copied.</param>
    public WorkRanges(PeerId self, TimeProvider time, SliceMap known)
    {
        _self = self;
        _time = time;
        _map = known.Copy();
        _present.UnionWith(_map.Members);
        for (int slice = 0; slice < SliceMap.Slices; slice++)
        {
            if (self.Equals(_map.OwnerOf(slice)))
                _own.Add(slice, _map.ScoreOf(slice), formerScore: null);
        }
    }

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
            foreach (PeerId gone in _present.Where(member => !weights.ContainsKey(member)).ToArray())
            {
                _present.Remove(gone);
                _gone[gone] = new Absence(_time.GetTimestamp(), _map.WeightOf(gone));
            }

            // This node comes last, so that it knows of its first slices whether somebody has had them.
            foreach ((PeerId member, int weight) in weights)
            {
                if (!member.Equals(_self))
                    SetPresent(member, weight);
            }
            if (weights.TryGetValue(_self, out int own))
                SetPresent(_self, own);
            foreach ((PeerId member, _) in _gone.Where(pair => _time.GetElapsedTime(pair.Value.Since) > AbsenceLifetime).ToArray())
                Forget(member);
            int tooMany = _present.Count + _gone.Count - MaxMembers;
            if (tooMany > 0)
            {
                foreach ((PeerId member, _) in _gone.OrderBy(pair => pair.Value.Since).Take(tooMany).ToArray())
                    Forget(member);
            }
        }
    }

    /// <summary>Another job begins: nothing of it was searched.</summary>
    public void Restart()
    {
        lock (_lock)
        {
            if (_hasTakenOver)
            {
                foreach ((PeerId member, Absence absence) in _gone)
                    Set(member, absence.Weight);
            }
            _hasTakenOver = false;
            _own.Restart();
        }
    }

    /// <inheritdoc/>
    public bool TryTake(out uint first, out uint count)
    {
        lock (_lock)
        {
            count = SliceMap.SliceSize;
            if (!_own.TryTake(out int slice))
            {
                foreach (PeerId member in _gone.Keys)
                    Set(member, 0);
                _hasTakenOver = true;
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

    private void SetPresent(PeerId member, int weight)
    {
        if (_present.Add(member))
            _gone.Remove(member);
        Set(member, weight);
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
            if (_self.Equals(move.To))
                _own.Add(move.Slice, _map.ScoreOf(move.Slice), move.From is null ? null : move.FormerScore);
            else if (_self.Equals(move.From))
                _own.Remove(move.Slice);
        }
    }

    /// <param name="Since">When it was missed first.</param>
    /// <param name="Weight">That it had.</param>
    private readonly record struct Absence(long Since, int Weight);
}
