using Microsoft.Extensions.Logging;
using P2PMiner.Mining;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// Sees to it that no found block is lost: it is on disk before it is submitted, and submitted to every daemon, again
/// and again and across restarts, until one of them has it on its main chain or refuses it. What members say of their daemons counts
/// only where this node has none, and is not the end of a block (<see cref="UnconfirmedBlocks"/>). Blocks that other nodes found
/// are seen to in the same way, but only this node's daemons are asked, and they are not counted.
/// </summary>
/// <param name="directory">The folder of found blocks; made when the first one is saved.</param>
/// <param name="daemons">All of this node that may take a block, in any order; may be none.</param>
/// <param name="time">For the pauses between attempts.</param>
/// <param name="logger">Told of every found block and its fate.</param>
/// <param name="others">The daemons of the cluster; null for a node without one.</param>
internal sealed class BlockOutbox(
    string directory, IReadOnlyList<DaemonClient> daemons, TimeProvider time, ILogger<BlockOutbox> logger, IOtherDaemons? others = null)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>Somebody else's block may take the place of one that waits.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>How long the refusal of this node's daemons is not the end of a block while others have not answered.</summary>
    private static readonly TimeSpan RefusalPatience = TimeSpan.FromMinutes(2);

    /// <summary>Blocks of others whose fate is open; more are not taken.</summary>
    private const int MaxRelayed = 256;

    private static readonly BlockOutcome Taken = new(BlockVerdict.Pending, "it is being submitted");

    private readonly FoundBlockStore _store = new(directory, logger);
    private readonly UnconfirmedBlocks _unconfirmed = new(Path.Combine(directory, "unconfirmed"), others, time, logger);
    private readonly Nudge _blockLeft = new(time);
    private readonly Lock _lock = new();
    private readonly HashSet<Hash256> _inFlight = [];
    private readonly HashSet<Hash256> _relayed = [];
    private long _found;
    private long _accepted;
    private long _rejected;
    private long _relayedCount;
    private long _suppressed;

    /// <summary>This node's daemons have decided about a block, whoever found it.</summary>
    public event Action<FoundBlock, BlockOutcome>? Decided;

    /// <summary>The last word on a block that this node found, whoever says it.</summary>
    public event Action<FoundBlock, BlockOutcome>? Settled;

    public BlockCounters Counters => new(
        Interlocked.Read(ref _found), Interlocked.Read(ref _accepted), Interlocked.Read(ref _rejected), Interlocked.Read(ref _relayedCount),
        Interlocked.Read(ref _suppressed));

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
        return TryClaim(block) ? TakeAsync(block, isOwn: true, cancellation) : Task.FromResult(Taken);
    }

    /// <summary>As <see cref="SubmitAsync"/>, for a block that another node found and whose proof of work was checked.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; a saved block is tried again after a restart.</exception>
    public Task<BlockOutcome> RelayAsync(FoundBlock block, CancellationToken cancellation)
    {
        if (!TryClaim(block))
            return Task.FromResult(Taken);
        lock (_lock)
        {
            // One that is on disk already is this node's own, or is being seen to.
            if (_relayed.Count >= MaxRelayed || _store.Contains(block))
            {
                _inFlight.Remove(block.Id);
                return Task.FromResult(Taken);
            }
            _relayed.Add(block.Id);
        }
        Interlocked.Increment(ref _relayedCount);
        return TakeAsync(block, isOwn: false, cancellation);
    }

    private async Task<BlockOutcome> TakeAsync(FoundBlock block, bool isOwn, CancellationToken cancellation)
    {
        bool saved = TrySave(block);

        // Not before: a block that the log tells of survives the program.
        if (isOwn)
            logger.LogInformation("Found block {Id} at height {Height}", block.Id, block.Height);
        BlockOutcome outcome = await TryOnceAsync(block, cancellation);
        if (outcome.Verdict == BlockVerdict.Pending)
        {
            logger.LogWarning("Block {Id} is not submitted yet, trying again: {Reason}", block.Id, outcome.Reason);
            if (saved)
                _blockLeft.Set();
        }
        TimeSpan pause = FirstPause;
        while (!saved && outcome.Verdict == BlockVerdict.Pending)
        {
            await Task.Delay(pause, time, cancellation);
            pause = LongerThan(pause);
            if (TryClaim(block))
                outcome = await TryOnceAsync(block, cancellation);
        }
        return outcome;
    }

    /// <summary>Retries the blocks on disk, those of earlier runs included, until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(RetryAsync(cancellation), _unconfirmed.RunAsync(cancellation));

    private async Task RetryAsync(CancellationToken cancellation)
    {
        TimeSpan pause = FirstPause;
        while (true)
        {
            bool anyLeft = await RetryAllAsync(cancellation);
            pause = anyLeft ? pause : LongestPause;
            await _blockLeft.WaitAsync(pause, cancellation);
            pause = anyLeft ? LongerThan(pause) : FirstPause;
        }
    }

    private static TimeSpan LongerThan(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    private async Task<bool> RetryAllAsync(CancellationToken cancellation)
    {
        bool anyLeft = false;
        foreach (FoundBlock block in LoadAll())
        {
            if (!TryClaim(block))
                continue;

            // It may have been settled after it was read.
            if (_store.Contains(block))
                anyLeft |= (await TryOnceAsync(block, cancellation)).Verdict == BlockVerdict.Pending;
            else
                Release(block);
        }
        return anyLeft;
    }

    private IReadOnlyList<FoundBlock> LoadAll()
    {
        try
        {
            return _store.Load();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.LogError("The folder of found blocks cannot be read, trying again: {Error}", exception.Message);
            return [];
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
            logger.LogError("Block {Id} cannot be saved and will be lost if the program ends now: {Error}", block.Id, exception.Message);
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
        if (others is null || IsRelayed(block))
            return Decide(block, await TryEveryDaemonAsync(block, cancellation));
        using var decided = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<BlockOutcome?> elsewhere = others.OfferAsync(block, decided.Token);
        BlockOutcome here;
        try
        {
            here = Decide(block, await TryEveryDaemonAsync(block, cancellation));
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
        if (daemons.Count == 0)
            return there;
        bool isOpen = there.Verdict != BlockVerdict.Rejected && time.GetUtcNow() - block.FoundAt < RefusalPatience;
        return here.Verdict == BlockVerdict.Rejected && isOpen ? here with { Verdict = BlockVerdict.Pending } : here;
    }

    private BlockOutcome Decide(FoundBlock block, BlockOutcome outcome)
    {
        if (outcome.Verdict != BlockVerdict.Pending)
            Decided?.Invoke(block, outcome);
        return outcome;
    }

    private bool IsRelayed(FoundBlock block)
    {
        lock (_lock)
            return _relayed.Contains(block.Id);
    }

    /// <summary>All daemons at once; the first acceptance wins, a refusal only when nobody accepts.</summary>
    private async Task<BlockOutcome> TryEveryDaemonAsync(FoundBlock block, CancellationToken cancellation)
    {
        var best = new BlockOutcome(BlockVerdict.Pending, "no daemon is configured");
        using var accepted = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<BlockOutcome>[] attempts = [.. daemons.Select(daemon => BlockSubmission.TryAsync(daemon, block, accepted.Token))];
        await foreach (Task<BlockOutcome> attempt in Task.WhenEach(attempts))
        {
            if (attempt.IsCanceled)
                continue;
            BlockOutcome outcome = await attempt;
            if (best.Verdict == BlockVerdict.Pending || outcome.Verdict == BlockVerdict.Accepted)
                best = outcome;
            if (best.Verdict == BlockVerdict.Accepted)
                await accepted.CancelAsync();
        }
        if (best.Verdict != BlockVerdict.Accepted)
            cancellation.ThrowIfCancellationRequested();
        return best;
    }

    private bool TrySettle(FoundBlock block, BlockOutcome outcome)
    {
        bool isRelayed = IsRelayed(block);
        if (isRelayed)
            logger.LogInformation("Block {Id} of another node: {Verdict}, {Reason}", block.Id, outcome.Verdict, outcome.Reason);
        else
            Tell(block, outcome);
        try
        {
            if (outcome.IsHearsay)
                _unconfirmed.Add(block);

            // A block of another node is that node's to keep, if it is to be kept at all.
            if (outcome.Verdict == BlockVerdict.Accepted || isRelayed)
                _store.Remove(block);
            else
                _store.MarkRejected(block, outcome.Reason);
            lock (_lock)
                _relayed.Remove(block.Id);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.LogError("The file of block {Id} cannot be moved, remove it yourself: {Error}", block.Id, exception.Message);
            return false;
        }
    }

    private void Tell(FoundBlock block, BlockOutcome outcome)
    {
        Settled?.Invoke(block, outcome);
        if (outcome.Verdict == BlockVerdict.Accepted)
        {
            Interlocked.Increment(ref _accepted);
            logger.LogInformation("Block {Id} at height {Height} was accepted by {Daemon}", block.Id, block.Height, outcome.Reason);
        }
        else
        {
            Interlocked.Increment(ref _rejected);
            logger.LogWarning("Block {Id} at height {Height} was rejected: {Reason}", block.Id, block.Height, outcome.Reason);
        }
    }
}
