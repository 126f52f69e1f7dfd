using Microsoft.Extensions.Logging;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// Found blocks of which members say what became of them, while no daemon of this node does. A member may lie, so that
/// its word alone is not the end of a block: for a while it is told to each further member that has a daemon.
/// </summary>
/// <param name="directory">Where they are kept.</param>
/// <param name="others">The members' daemons; null for a node without a cluster.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Told when the folder cannot be used.</param>
internal sealed class UnconfirmedBlocks(string directory, IOtherDaemons? others, TimeProvider time, ILogger logger)
{
    /// <summary>After as long the network has five more blocks, and nobody takes one of this height any more.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Looked so often whether there is a member that was not asked.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Blocks that are kept, and that are told again at once; of more, those on which most work was done, as only a liar's templates, or
    /// a test network, give so many.
    /// </summary>
    private const int Capacity = 256, Together = 8;

    private readonly FoundBlockStore _store = new(directory, logger);
    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];

    /// <summary>Keeps a block that a member has said something of.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder does not take it.</exception>
    public void Add(FoundBlock block)
    {
        if (others is null)
            return;
        _store.Save(block);
        Entry? least = null;
        lock (_lock)
        {
            _entries.Add(NewEntry(block));
            if (_entries.Count > Capacity)
            {
                least = _entries.MinBy(WorkOf)!;
                _entries.Remove(least);
            }
        }
        if (least is not null)
            _store.Remove(least.Block);
    }

    /// <summary>Tells them to members that have not answered, those of earlier runs included, until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (others is null)
            return;
        _store.Try(() =>
        {
            IReadOnlyList<FoundBlock> left = _store.Load();
            lock (_lock)
                _entries.InsertRange(0, left.Where(block => _entries.All(entry => entry.Block.Id != block.Id)).Select(NewEntry));
        });
        using var timer = new PeriodicTimer(Look, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            foreach (Entry old in TakeOld())
                _store.Try(() => _store.Remove(old.Block));
            await Task.WhenAll(Due().Select(entry => others.OfferAsync(entry.Block, cancellation)));
        }
    }

    /// <summary>Where it is not known, an older version of the program found the block.</summary>
    private static UInt128 WorkOf(Entry entry) => entry.Block.Work ?? UInt128.MaxValue;

    private Entry NewEntry(FoundBlock block) => new(block, time.GetTimestamp());

    private List<Entry> TakeOld()
    {
        lock (_lock)
        {
            List<Entry> old = [.. _entries.Where(entry => time.GetElapsedTime(entry.Since) > Lifetime)];
            _entries.RemoveAll(old.Contains);
            return old;
        }
    }

    private List<Entry> Due()
    {
        lock (_lock)
        {
            List<Entry> due =
            [
                .. _entries.Where(entry => time.GetElapsedTime(entry.Told) >= entry.Pause && others!.HasSilent(entry.Block.Id))
                    .OrderByDescending(WorkOf).Take(Together),
            ];
            foreach (Entry entry in due)
            {
                entry.Told = time.GetTimestamp();
                entry.Pause = entry.Pause * 2 < LongestPause ? entry.Pause * 2 : LongestPause;
            }
            return due;
        }
    }

    private sealed class Entry(FoundBlock block, long since)
    {
        public FoundBlock Block { get; } = block;

        public long Since { get; } = since;

        public long Told { get; set; } = since;

        public TimeSpan Pause { get; set; } = Look;
    }
}
