using Microsoft.Extensions.Logging;
using P2PMiner.Mining;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// Sees to it that no found block is lost: it is on disk before it is submitted, and submitted to every daemon, again
/// and again and across restarts, until one of them has it on its main chain or refuses it. What members say of their daemons counts
/// only where this node has none, and is not the end of a block (<see cref="UnconfirmedBlocks"/>). Blocks that other nodes found
/// are this node's daemons' only, and not counted among its own (<see cref="RelayedBlocks"/>).
/// </summary>
internal sealed class BlockOutbox
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>Somebody else's block may take the place of one that waits.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>How long the refusal of this node's daemons is not the end of a block while others have not answered.</summary>
    private static readonly TimeSpan RefusalPatience = TimeSpan.FromMinutes(2);

    private static readonly BlockOutcome Taken = new(BlockVerdict.Pending, "it is being submitted");

    private readonly IReadOnlyList<DaemonClient> _daemons;
    private readonly IOtherDaemons? _others;
    private readonly TimeProvider _time;
    private readonly ILogger<BlockOutbox> _logger;
    private readonly FoundBlockStore _store;
    private readonly UnconfirmedBlocks _unconfirmed;
    private readonly RelayedBlocks _relayed;
    private readonly OpenBlocks _open;
    private readonly Nudge _blockLeft;
    private readonly Lock _lock = new();
    private readonly HashSet<Hash256> _inFlight = [];
    private bool _isLoaded;
    private long _found;
    private long _accepted;
    private long _rejected;
    private long _suppressed;

    /// <param name="directory">The folder of found blocks; made when the first one is saved.</param>
    /// <param name="daemons">All of this node that may take a block, in any order; may be none.</param>
    /// <param name="time">For the pauses between attempts.</param>
    /// <param name="logger">Told of every found block and its fate.</param>
    /// <param name="others">The daemons of the cluster; null for a node without one.</param>
    public BlockOutbox(
        string directory, IReadOnlyList<DaemonClient> daemons, TimeProvider time, ILogger<BlockOutbox> logger, IOtherDaemons? others = null)
    {
        _daemons = daemons;
        _others = others;
        _time = time;
        _logger = logger;
        _store = new FoundBlockStore(directory, logger);
        _unconfirmed = new UnconfirmedBlocks(Path.Combine(directory, "unconfirmed"), others, time, logger);
        _relayed = new RelayedBlocks(Path.Combine(directory, "relayed"), daemons, time, logger);
        _relayed.Decided += (block, outcome) => Decided?.Invoke(block, outcome);
        _open = new OpenBlocks(time);
        _blockLeft = new Nudge(time);
    }

    /// <summary>This node's daemons have decided about a block, whoever found it.</summary>
    public event Action<FoundBlock, BlockOutcome>? Decided;

    /// <summary>The last word on a block that this node found, whoever says it.</summary>
    public event Action<FoundBlock, BlockOutcome>? Settled;

    public BlockCounters Counters => new(
        Interlocked.Read(ref _found), Interlocked.Read(ref _accepted), Interlocked.Read(ref _rejected), _relayed.Count, Interlocked.Read(ref _suppressed));

    /// <summary>Takes note of a block that is not to be submitted.</summary>
    public void CountSuppressed() => Interlocked.Increment(ref _suppressed);

    /// <summary>
    /// Saves the block and tries every daemon once. A block that stays <see cref="BlockVerdict.Pending"/> is tried again
    /// by <see cref="RunAsync"/>. A block that the disk does not take stays in this call until its fate is known.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled; a saved block is tried again after a restart.</exception>
    public Task<BlockOutcome> SubmitAsync(FoundBlock block, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _found);
        return TryClaim(block) ? TakeAsync(block, cancellation) : Task.FromResult(Taken);
    }

    /// <summary>As <see cref="SubmitAsync"/>, for a block that another node found and whose proof of work was checked.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; a saved block is tried again after a restart.</exception>
    public Task<BlockOutcome> RelayAsync(FoundBlock block, CancellationToken cancellation) =>
        IsOwn(block) ? Task.FromResult(Taken) : _relayed.TakeAsync(block, cancellation);

    /// <summary>Retries the blocks on disk, those of earlier runs included, until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task RunAsync(CancellationToken cancellation) =>
        Task.WhenAll(RetryAsync(cancellation), _unconfirmed.RunAsync(cancellation), _relayed.RunAsync(cancellation));

    private async Task<BlockOutcome> TakeAsync(FoundBlock block, CancellationToken cancellation)
    {
        bool saved = TrySave(block);

        // Not before: a block that the log tells of survives the program.
        _logger.LogInformation("Found block {Id} at height {Height}", block.Id, block.Height);
        BlockOutcome outcome = await TryOnceAsync(block, cancellation);
        if (outcome.Verdict != BlockVerdict.Pending)
            return outcome;
        _logger.LogWarning("Block {Id} is not submitted yet, trying again: {Reason}", block.Id, outcome.Reason);
        _open.Add(block);
        DropSurplus();
        if (saved)
            _blockLeft.Set();
        TimeSpan pause = FirstPause;
        while (!saved && outcome.Verdict == BlockVerdict.Pending && _open.Contains(block.Id))
        {
            await Task.Delay(pause, _time, cancellation);
            pause = LongerThan(pause);
            outcome = await TryAgainAsync(block, cancellation) ?? outcome;
        }
        return outcome;
    }

    private async Task RetryAsync(CancellationToken cancellation)
    {
        TimeSpan pause = FirstPause;
        while (true)
        {
            _isLoaded = _isLoaded || TryLoad();
            await Task.WhenAll(_open.Next().Select(block => TryAgainAsync(block, cancellation)));
            DropSurplus();
            bool isAnyLeft = !_open.IsEmpty || !_isLoaded;
            pause = isAnyLeft ? pause : LongestPause;
            await _blockLeft.WaitAsync(pause, cancellation);
            pause = isAnyLeft ? LongerThan(pause) : FirstPause;
        }
    }

    private static TimeSpan LongerThan(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    /// <returns>Null when it is being submitted, or has been settled meanwhile.</returns>
    private async Task<BlockOutcome?> TryAgainAsync(FoundBlock block, CancellationToken cancellation)
    {
        if (!TryClaim(block))
            return null;
        if (_open.Contains(block.Id))
            return await TryOnceAsync(block, cancellation);
        Release(block);
        return null;
    }

    private void DropSurplus()
    {
        foreach ((FoundBlock block, string reason) in _open.Surplus())
        {
            // One that is being submitted goes the next time.
            if (TryClaim(block) && (!_open.Contains(block.Id) || TrySettle(block, new BlockOutcome(BlockVerdict.Rejected, reason))))
                Release(block);
        }
    }

    private bool TryLoad()
    {
        try
        {
            foreach (FoundBlock block in _store.Load())
            {
                // What is in flight has been found since, and sees to itself; what has no file any more has been settled.
                lock (_lock)
                {
                    if (!_inFlight.Contains(block.Id) && _store.Contains(block))
                        _open.Add(block);
                }
            }
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _logger.LogError("The folder of found blocks cannot be read, trying again: {Error}", exception.Message);
            return false;
        }
    }

    private bool TrySave(FoundBlock block)
    {
        try
        {
            _store.Save(block);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _logger.LogError("Block {Id} cannot be saved and will be lost if the program ends now: {Error}", block.Id, exception.Message);
            return false;
        }
    }

    /// <summary>False when somebody else is submitting the block.</summary>
    private bool TryClaim(FoundBlock block)
    {
        lock (_lock)
            return _inFlight.Add(block.Id);
    }

    private void Release(FoundBlock block)
    {
        lock (_lock)
            _inFlight.Remove(block.Id);
    }

    private bool IsOwn(FoundBlock block)
    {
        lock (_lock)
            return _inFlight.Contains(block.Id) || _open.Contains(block.Id) || _store.Contains(block);
    }

    /// <summary>Tries every daemon with a claimed block, and releases the claim.</summary>
    private async Task<BlockOutcome> TryOnceAsync(FoundBlock block, CancellationToken cancellation)
    {
        bool release = true;
        try
        {
            BlockOutcome outcome = await TryEverywhereAsync(block, cancellation);

            // A block whose file cannot be moved stays claimed, or each retry would count it again.
            release = outcome.Verdict == BlockVerdict.Pending || TrySettle(block, outcome);
            return outcome;
        }
        finally
        {
            if (release)
                Release(block);
        }
    }

    /// <summary>This node's daemons and the cluster's at once. Where this node has daemons, only what they say ends a block.</summary>
    private async Task<BlockOutcome> TryEverywhereAsync(FoundBlock block, CancellationToken cancellation)
    {
        if (_others is null)
            return Decide(block, await BlockSubmission.TryAllAsync(_daemons, block, cancellation));
        using var decided = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<BlockOutcome?> elsewhere = _others.OfferAsync(block, decided.Token);
        BlockOutcome here;
        try
        {
            here = Decide(block, await BlockSubmission.TryAllAsync(_daemons, block, cancellation));
        }
        catch (OperationCanceledException)
        {
            await ((Task)elsewhere).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        if (here.Verdict == BlockVerdict.Accepted)
        {
            await decided.CancelAsync();
            await ((Task)elsewhere).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return here;
        }
        if (await elsewhere is not BlockOutcome there)
            return here;
        if (_daemons.Count == 0)
            return there;
        bool isOpen = there.Verdict != BlockVerdict.Rejected && _time.GetUtcNow() - block.FoundAt < RefusalPatience;
        return here.Verdict == BlockVerdict.Rejected && isOpen ? here with { Verdict = BlockVerdict.Pending } : here;
    }

    private BlockOutcome Decide(FoundBlock block, BlockOutcome outcome)
    {
        if (outcome.Verdict != BlockVerdict.Pending)
            Decided?.Invoke(block, outcome);
        return outcome;
    }

    private bool TrySettle(FoundBlock block, BlockOutcome outcome)
    {
        _open.Remove(block.Id);
        Settled?.Invoke(block, outcome);
        Count(block, outcome);
        try
        {
            if (outcome.IsHearsay)
                _unconfirmed.Add(block);
            if (outcome.Verdict == BlockVerdict.Accepted)
                _store.Remove(block);
            else
                _store.MarkRejected(block, outcome.Reason);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _logger.LogError("The file of block {Id} cannot be moved, remove it yourself: {Error}", block.Id, exception.Message);
            return false;
        }
    }

    private void Count(FoundBlock block, BlockOutcome outcome)
    {
        if (outcome.Verdict == BlockVerdict.Accepted)
        {
            Interlocked.Increment(ref _accepted);
            _logger.LogInformation("Block {Id} at height {Height} was accepted by {Daemon}", block.Id, block.Height, outcome.Reason);
        }
        else
        {
            Interlocked.Increment(ref _rejected);
            _logger.LogWarning("Block {Id} at height {Height} was rejected: {Reason}", block.Id, block.Height, outcome.Reason);
        }
    }
}
