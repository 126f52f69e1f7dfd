using Microsoft.Extensions.Logging;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// Blocks that other nodes found, on their way to this node's daemons: tried again until one of these has decided, or for ten minutes. They
/// are kept in a folder of their own, so that they are not taken for this node's after a restart. Thread-safe.
/// </summary>
/// <param name="directory">Where they are kept.</param>
/// <param name="daemons">This node's; with none nothing comes of a block.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Told what becomes of each.</param>
internal sealed class RelayedBlocks(string directory, IReadOnlyList<DaemonClient> daemons, TimeProvider time, ILogger logger)
{
    /// <summary>Their finders tell them again, so that an older one is missed by nobody.</summary>
    public static readonly TimeSpan Lifetime = UnconfirmedBlocks.Lifetime;

    /// <summary>Blocks whose fate is open; beyond, the oldest go, since the newest are those that can still be of use.</summary>
    public const int Capacity = 256;

    /// <summary>Blocks that are tried again at once.</summary>
    private const int Together = 8;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromSeconds(10);

    private static readonly BlockOutcome Taken = new(BlockVerdict.Pending, "it is being submitted");

    private readonly FoundBlockStore _store = new(directory, logger);
    private readonly Nudge _news = new(time);
    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private long _count;

    /// <summary>A daemon has decided.</summary>
    public event Action<FoundBlock, BlockOutcome>? Decided;

    /// <summary>Blocks that were taken.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Tries every daemon once, and again later, unless the block is being seen to already.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<BlockOutcome> TakeAsync(FoundBlock block, CancellationToken cancellation)
    {
        Entry entry = new(block, time.GetTimestamp()) { IsBusy = true };
        if (!TryAdd(entry, out Entry? oldest))
            return Taken;
        if (oldest is not null)
            GiveUp(oldest, "newer ones came");
        Interlocked.Increment(ref _count);
        _store.Try(() => _store.Save(block));
        BlockOutcome outcome = await TryAsync(entry, cancellation);
        if (outcome.Verdict == BlockVerdict.Pending)
            _news.Set();
        return outcome;
    }

    /// <summary>Tries again, also those of an earlier run, until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        _store.Try(Load);
        while (true)
        {
            foreach (Entry old in TakeOld())
                GiveUp(old, "no daemon of this node has decided in time");
            await Task.WhenAll(Due().Select(entry => TryAsync(entry, cancellation)));
            await _news.WaitAsync(IsAnyLeft ? FirstPause : Timeout.InfiniteTimeSpan, cancellation);
        }
    }

    private bool IsAnyLeft
    {
        get
        {
            lock (_lock)
                return _entries.Count > 0;
        }
    }

    private bool TryAdd(Entry entry, out Entry? oldest)
    {
        oldest = null;
        lock (_lock)
        {
            if (_entries.Exists(known => known.Block.Id == entry.Block.Id))
                return false;
            _entries.Add(entry);
            if (_entries.Count > Capacity)
            {
                oldest = _entries[0];
                _entries.RemoveAt(0);
            }
            return true;
        }
    }

    /// <summary>By the clock of the wall, which may have been set since: none is kept for longer than the lifetime from now on.</summary>
    private void Load()
    {
        foreach (FoundBlock block in _store.Load())
        {
            if ((time.GetUtcNow() - block.FoundAt).Duration() > Lifetime)
                _store.Remove(block);
            else if (TryAdd(new Entry(block, time.GetTimestamp()) { Pause = TimeSpan.Zero }, out Entry? oldest) && oldest is not null)
                _store.Remove(oldest.Block);
        }
    }

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
            List<Entry> due = [.. _entries.Where(entry => !entry.IsBusy && time.GetElapsedTime(entry.Tried) >= entry.Pause).TakeLast(Together)];
            foreach (Entry entry in due)
            {
                entry.IsBusy = true;
                entry.Pause = TimeSpan.FromTicks(Math.Clamp(2 * entry.Pause.Ticks, FirstPause.Ticks, LongestPause.Ticks));
            }
            return due;
        }
    }

    private async Task<BlockOutcome> TryAsync(Entry entry, CancellationToken cancellation)
    {
        try
        {
            BlockOutcome outcome = await BlockSubmission.TryAllAsync(daemons, entry.Block, cancellation);
            if (outcome.Verdict != BlockVerdict.Pending)
                Settle(entry, outcome);
            return outcome;
        }
        finally
        {
            lock (_lock)
            {
                entry.IsBusy = false;
                entry.Tried = time.GetTimestamp();
            }
        }
    }

    private void Settle(Entry entry, BlockOutcome outcome)
    {
        lock (_lock)
            _entries.Remove(entry);
        logger.LogInformation("Block {Id} of another node: {Verdict}, {Reason}", entry.Block.Id, outcome.Verdict, outcome.Reason);
        _store.Try(() => _store.Remove(entry.Block));
        Decided?.Invoke(entry.Block, outcome);
    }

    private void GiveUp(Entry entry, string reason)
    {
        logger.LogInformation("Block {Id} of another node is given up: {Reason}", entry.Block.Id, reason);
        _store.Try(() => _store.Remove(entry.Block));
    }

    private sealed class Entry(FoundBlock block, long since)
    {
        public FoundBlock Block { get; } = block;

        public long Since { get; } = since;

        public long Tried { get; set; } = since;

        public TimeSpan Pause { get; set; } = FirstPause;

        public bool IsBusy { get; set; }
    }
}
