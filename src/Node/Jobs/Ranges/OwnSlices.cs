namespace P2PMiner.Node.Jobs.Ranges;

/// <summary>
/// The order in which a member searches its slices. Proof of work has no memory: slices need not all be searched, but none shall be
/// searched twice. So those come first that are owned most clearly, since they are the last to move; a slice that came from another
/// member during the job comes after all of these, and first of such the ones that were the other's least clearly, because it would
/// have searched them last. For one thread.
/// </summary>
internal sealed class OwnSlices
{
    /// <summary>Slices not begun; the key decides about the order.</summary>
    private readonly Dictionary<int, (bool IsFromOthers, double Place)> _waiting = [];

    /// <summary>Slices begun in this job, which are not begun again.</summary>
    private readonly HashSet<int> _begun = [];

    /// <summary>Slices that are owned, whether begun or not.</summary>
    private readonly Dictionary<int, double> _owned = [];

    private readonly Queue<int> _order = [];
    private bool _isOrdered;

    public int Count => _owned.Count;

    public bool Contains(int slice) => _owned.ContainsKey(slice);

    /// <summary>A slice is this member's from now on.</summary>
    /// <param name="slice">Which.</param>
    /// <param name="score">How clearly.</param>
    /// <param name="formerScore">How clearly it was another's until now; null when it was nobody's.</param>
    public void Add(int slice, double score, double? formerScore)
    {
        _owned[slice] = score;
        if (_begun.Contains(slice))
            return;
        _waiting[slice] = formerScore is double former ? (true, former) : (false, -score);
        _isOrdered = false;
    }

    /// <summary>A slice is another's from now on.</summary>
    public void Remove(int slice)
    {
        _owned.Remove(slice);
        _waiting.Remove(slice);
    }

    /// <summary>Another job begins, of which nothing was searched.</summary>
    public void Restart()
    {
        _begun.Clear();
        _waiting.Clear();
        foreach ((int slice, double score) in _owned)
            _waiting[slice] = (false, -score);
        _isOrdered = false;
    }

    /// <summary>The next slice to search; false when all were begun.</summary>
    public bool TryTake(out int slice)
    {
        if (!_isOrdered)
        {
            _order.Clear();
            foreach ((int next, _) in _waiting.OrderBy(pair => pair.Value.IsFromOthers).ThenBy(pair => pair.Value.Place))
                _order.Enqueue(next);
            _isOrdered = true;
        }
        while (_order.TryDequeue(out slice))
        {
            if (!_waiting.Remove(slice))
                continue;
            _begun.Add(slice);
            return true;
        }
        return false;
    }
}
