using Microsoft.Extensions.Logging;
using P2PMiner.Mining;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// Sees to it that no found block is lost: it is on disk before it is submitted, and submitted to every daemon, again
/// and again and across restarts, until one of them has it on its main chain or refuses it.
/// </summary>
/// <param name="directory">The folder of found blocks; made when the first one is saved.</param>
/// <param name="daemons">All that may take a block, in any order.</param>
/// <param name="time">For the pauses between attempts.</param>
/// <param name="logger">Told of every found block and its fate.</param>
internal sealed class BlockOutbox(string directory, IReadOnlyList<DaemonClient> daemons, TimeProvider time, ILogger<BlockOutbox> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    private readonly FoundBlockStore _store = new(directory, logger);
    private readonly Nudge _blockLeft = new(time);
    private readonly Lock _lock = new();
    private readonly HashSet<Hash256> _inFlight = [];
    private long _found;
    private long _accepted;
    private long _rejected;

    public BlockCounters Counters =>
        new(Interlocked.Read(ref _found), Interlocked.Read(ref _accepted), Interlocked.Read(ref _rejected));

    /// <summary>
    /// Saves the block and tries every daemon once. A block that stays <see cref="BlockVerdict.Pending"/> is tried again
    /// by <see cref="RunAsync"/>. A block that the disk does not take stays in this call until its fate is known.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled; a saved block is tried again after a restart.</exception>
    public async Task<BlockOutcome> SubmitAsync(FoundBlock block, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _found);
        if (!TryClaim(block))
            return new BlockOutcome(BlockVerdict.Pending, "it is being submitted");
        bool saved = TrySave(block);

        // Not before: a block that the log tells of survives the program.
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
    public async Task RunAsync(CancellationToken cancellation)
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
            BlockOutcome outcome = await TryEveryDaemonAsync(block, cancellation);

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
        Count(block, outcome);
        try
        {
            if (outcome.Verdict == BlockVerdict.Accepted)
                _store.Remove(block);
            else
                _store.MarkRejected(block, outcome.Reason);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.LogError("The file of block {Id} cannot be moved, remove it yourself: {Error}", block.Id, exception.Message);
            return false;
        }
    }

    private void Count(FoundBlock block, BlockOutcome outcome)
    {
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
