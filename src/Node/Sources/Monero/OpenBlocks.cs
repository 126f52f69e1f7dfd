using P2PMiner.Mining;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// The blocks of this node whose fate is open, and which of them are tried next. A member can have this node find any number of blocks on
/// templates of its own that ask for no work (no daemon takes these), so that those on which most work was done come first, and the others go
/// when there are too many. Thread-safe.
/// </summary>
internal sealed class OpenBlocks(TimeProvider time)
{
    /// <summary>Blocks that are kept.</summary>
    public const int Capacity = 64;

    /// <summary>Blocks that are tried each time, the best; as many of the others take turns.</summary>
    public const int Best = 8;

    /// <summary>After as long nobody asks for a block any more, whatever became of the daemons.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<Hash256, Entry> _blocks = [];
    private int _turn;

    public bool Contains(Hash256 id)
    {
        lock (_lock)
            return _blocks.ContainsKey(id);
    }

    public void Add(FoundBlock block)
    {
        lock (_lock)
            _blocks.TryAdd(block.Id, new Entry(block, time.GetTimestamp()));
    }

    /// <returns>False if it was not there.</returns>
    public bool Remove(Hash256 id)
    {
        lock (_lock)
            return _blocks.Remove(id);
    }

    /// <summary>Those that are to be given up, of which there is one of the least work for each that is too many, and why.</summary>
    public IReadOnlyList<(FoundBlock Block, string Reason)> Surplus()
    {
        lock (_lock)
        {
            return
            [
                .. _blocks.Values.Where(IsOld).Select(entry => (entry.Block, $"no daemon has decided about it for {Lifetime.TotalHours:F0} hours")),
                .. Ordered().Skip(Capacity).Select(block => (block, $"{Capacity} blocks on which more work was done wait as well")),
            ];
        }
    }

    /// <summary>Those that are tried next, the best first.</summary>
    public IReadOnlyList<FoundBlock> Next()
    {
        lock (_lock)
        {
            FoundBlock[] all = [.. Ordered()];
            if (all.Length <= 2 * Best)
                return all;
            int others = all.Length - Best;
            FoundBlock[] next = [.. all.Take(Best), .. Enumerable.Range(_turn % others, Best).Select(place => all[Best + place % others])];
            _turn = (_turn + Best) % others;
            return next;
        }
    }

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
                return _blocks.Count == 0;
        }
    }

    /// <summary>Those that an older version of the program found, of which the work is not known, count as the best.</summary>
    private IEnumerable<FoundBlock> Ordered() =>
        _blocks.Values.Select(entry => entry.Block).OrderByDescending(block => block.Work ?? UInt128.MaxValue).ThenBy(block => block.FoundAt);

    private bool IsOld(Entry entry) => time.GetElapsedTime(entry.Since) > Lifetime;

    private sealed record Entry(FoundBlock Block, long Since);
}
