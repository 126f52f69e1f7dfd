using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Chain;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// Chooses what is searched: the daemons' block while one of them can be used, else the share chain alone. Publishes
/// anew whenever the block, the chain's tip or the choice changes.
/// </summary>
/// <param name="chain">The source of chain jobs; also the beat that renews timestamps.</param>
/// <param name="daemons">Null when the node has no daemon.</param>
/// <param name="tree">Gives the link that a block commits to.</param>
/// <param name="miner">Who is credited.</param>
/// <param name="keys">Learns the keys of blocks.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Told of changes of source.</param>
internal sealed class JobBoard(
    ChainSource chain, DaemonSource? daemons, ShareTree tree, MinerId miner, KnownKeys keys, TimeProvider time,
    ILogger<JobBoard> logger)
{
    /// <summary>
    /// How long the chain alone is not mined although no daemon can be used. Its key is another one, so going there and
    /// back costs two datasets; a daemon that restarts takes less.
    /// </summary>
    public static readonly TimeSpan DaemonGrace = TimeSpan.FromSeconds(60);

    private readonly long _start = time.GetTimestamp();
    private DaemonJob? _block;
    private long? _lastActive;
    private JobSource? _source;

    /// <summary>Calls <paramref name="publish"/> with every job to search, one at a time, until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(Action<Job> publish, CancellationToken cancellation)
    {
        Task<bool> chainReady = chain.Jobs.WaitToReadAsync(cancellation).AsTask();
        Task<bool> blockReady = WaitForBlock(cancellation);
        ChainJob? link = null;
        while (true)
        {
            await Task.WhenAny(chainReady, blockReady);
            cancellation.ThrowIfCancellationRequested();
            if (chainReady.IsCompleted)
            {
                if (!await chainReady)
                    throw new InvalidOperationException("the share chain's job source ended");
                while (chain.Jobs.TryRead(out Job? job))
                    link = (ChainJob)job;
                chainReady = chain.Jobs.WaitToReadAsync(cancellation).AsTask();
            }
            if (blockReady.IsCompleted)
            {
                if (!await blockReady)
                    throw new InvalidOperationException("the daemons' job source ended");
                while (daemons!.Jobs.TryRead(out DaemonJob? job))
                    _block = job;
                keys.Add(_block!.Key);
                blockReady = WaitForBlock(cancellation);
            }
            if (Choose(link) is Job chosen)
                publish(chosen);
        }
    }

    private async Task<bool> WaitForBlock(CancellationToken cancellation)
    {
        if (daemons is not null)
            return await daemons.Jobs.WaitToReadAsync(cancellation);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation);
        return false;
    }

    private Job? Choose(ChainJob? link)
    {
        if (daemons?.Status.Active is not null)
            _lastActive = time.GetTimestamp();
        bool daemonsAreGone = daemons is null || time.GetElapsedTime(_lastActive ?? _start) > DaemonGrace;
        if (daemonsAreGone)
            _block = null;
        if (_block is null && !daemonsAreGone)
            return null;

        JobSource source = _block is null ? JobSource.Chain : JobSource.Daemon;
        if (_source != source && daemons is not null)
        {
            if (source == JobSource.Daemon)
                logger.LogInformation("Mining blocks of the Monero daemon");
            else
                logger.LogWarning("No daemon can be used for {Seconds:F0} s: mining the share chain alone", DaemonGrace.TotalSeconds);
        }
        _source = source;
        if (_block is null)
            return link;
        ulong now = (ulong)Math.Max(0, time.GetUtcNow().ToUnixTimeSeconds());
        return new MergedJob(_block, tree.NextTemplate(miner, now, _block.Key));
    }
}
