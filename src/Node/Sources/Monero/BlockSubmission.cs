namespace P2PMiner.Node.Sources.Monero;

/// <summary>Hands one block to one daemon and finds out what became of it.</summary>
internal static class BlockSubmission
{
    /// <summary>
    /// A block whose parent the daemon does not know is given up when the daemon's chain is this much longer: coinbases
    /// are locked for as many blocks because no reorganisation is expected to reach deeper
    /// (monero-project/monero, src/cryptonote_config.h, <c>CRYPTONOTE_MINED_MONEY_UNLOCK_WINDOW</c>).
    /// </summary>
    public const ulong StaleDepth = 60;

    public static async Task<BlockOutcome> TryAsync(DaemonClient daemon, FoundBlock block, CancellationToken cancellation)
    {
        DaemonError? refusal = await daemon.SubmitBlockAsync(block.Blob, cancellation);
        if (refusal is not null && !IsDefinitive(refusal))
            return Pending(daemon, refusal.Message);

        // Neither answer is the truth yet: OK is also given to a block that is dropped, and a refused one may be known.
        DaemonResult<DaemonHeader> header = await daemon.GetHeaderByHashAsync(block.Id, cancellation);
        if (header.TryGet(out DaemonHeader? known, out DaemonError? error))
        {
            if (known.Hash != block.Id || known.Height != block.Height)
                return Pending(daemon, "it shows another block's header");
            return known.Orphan
                ? Rejected(daemon, $"another block took height {block.Height}")
                : new BlockOutcome(BlockVerdict.Accepted, daemon.Endpoint.Name);
        }
        if (error.Fault != DaemonFault.RpcError)
            return Pending(daemon, error.Message);
        return refusal is not null ? Rejected(daemon, refusal.Message) with { IsRefused = true } : await JudgeDroppedAsync(daemon, block, cancellation);
    }

    /// <summary>All daemons at once; the first acceptance wins, a refusal only when nobody accepts.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, and none has accepted it.</exception>
    public static async Task<BlockOutcome> TryAllAsync(IReadOnlyList<DaemonClient> daemons, FoundBlock block, CancellationToken cancellation)
    {
        var best = new BlockOutcome(BlockVerdict.Pending, "no daemon is configured");
        using var accepted = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<BlockOutcome>[] attempts = [.. daemons.Select(daemon => TryAsync(daemon, block, accepted.Token))];
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

    private static bool IsDefinitive(DaemonError refusal) =>
        refusal.RpcCode is RpcErrors.BlockNotAccepted or RpcErrors.WrongBlockBlob or RpcErrors.WrongBlockBlobSize;

    private static async Task<BlockOutcome> JudgeDroppedAsync(DaemonClient daemon, FoundBlock block, CancellationToken cancellation)
    {
        DaemonResult<DaemonInfo> result = await daemon.GetInfoAsync(cancellation);
        if (!result.TryGet(out DaemonInfo? info, out DaemonError? error))
            return Pending(daemon, error.Message);
        return info.Synchronized && info.Height > block.Height + StaleDepth
            ? Rejected(daemon, "its parent is on no chain that the daemon knows")
            : Pending(daemon, "the daemon does not know its parent");
    }

    private static BlockOutcome Pending(DaemonClient daemon, string message) =>
        new(BlockVerdict.Pending, $"{daemon.Endpoint.Name}: {message}");

    private static BlockOutcome Rejected(DaemonClient daemon, string message) =>
        new(BlockVerdict.Rejected, $"{daemon.Endpoint.Name}: {message}");
}
