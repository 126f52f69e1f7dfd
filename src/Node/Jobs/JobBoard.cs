using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Chain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// Chooses what is searched: the best block of this node's daemons and of the members that have one
/// (<see cref="BlockChoice"/>), else the share chain alone. Publishes anew whenever the block, the chain's tip or the choice
/// changes.
/// </summary>
/// <param name="chain">The source of chain jobs; also the beat that renews timestamps.</param>
/// <param name="daemons">Null when the node has no daemon.</param>
/// <param name="foreign">The blocks of other members' daemons.</param>
/// <param name="announce">Is told every new block of this node's daemons.</param>
/// <param name="tree">Gives the link that a block commits to.</param>
/// <param name="self">This node, which is credited.</param>
/// <param name="isProven">Whether a member has proved himself.</param>
/// <param name="keys">Learns the keys of blocks.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Told of changes of source.</param>
internal sealed class JobBoard(
    ChainSource chain, DaemonSource? daemons, ForeignJobs foreign, Action<DaemonJob> announce, ShareTree tree, PeerId self, Predicate<PeerId> isProven,
    KnownKeys keys, TimeProvider time, ILogger<JobBoard> logger)
{
    /// <summary>
    /// How long the chain alone is not mined although no daemon can be used. Its key is another one, so going there and
    /// back costs two datasets; a daemon that restarts takes less.
    /// </summary>
    public static readonly TimeSpan DaemonGrace = TimeSpan.FromSeconds(60);

    private readonly MinerId _miner = new(self.Bytes);
    private readonly BlockChoice _choice = new(self, isProven, time);
    private readonly long _start = time.GetTimestamp();
    private DaemonJob? _own;
    private DaemonJob? _block;
    private long? _lastActive;
    private (JobSource Source, PeerId? Publisher)? _told;
    private DaemonJob? _toldBlock;

    /// <summary>Calls <paramref name="publish"/> with every job to search, one at a time, until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(Action<Job> publish, CancellationToken cancellation)
    {
        Task<bool> chainReady = chain.Jobs.WaitToReadAsync(cancellation).AsTask();
        Task<bool> blockReady = WaitForBlock(cancellation);
        Task<bool> foreignReady = foreign.Changes.WaitToReadAsync(cancellation).AsTask();
        ChainJob? link = null;
        while (true)
        {
            await Task.WhenAny(chainReady, blockReady, foreignReady);
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
                TakeOwn();
                blockReady = WaitForBlock(cancellation);
            }
            if (foreignReady.IsCompleted)
            {
                foreign.Changes.TryRead(out _);
                foreignReady = foreign.Changes.WaitToReadAsync(cancellation).AsTask();
            }
            if (Choose(link) is not Job chosen)
                continue;
            _choice.Mined(chosen);
            publish(chosen);
        }
    }

    /// <summary>This node's daemon has refused a block that was made of a member's job. On any thread.</summary>
    public void Refuse(PeerId publisher)
    {
        logger.LogWarning("A block of member {Publisher} was refused by this node's daemon: its jobs are not mined for a while", publisher);
        _choice.Refuse(publisher);
        foreign.Wake();
    }

    private async Task<bool> WaitForBlock(CancellationToken cancellation)
    {
        if (daemons is not null)
            return await daemons.Jobs.WaitToReadAsync(cancellation);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation);
        return false;
    }

    private void TakeOwn()
    {
        while (daemons!.Jobs.TryRead(out DaemonJob? job))
            _own = job;
        keys.Add(_own!.Key);
        if (_own.NextKey is Hash256 next)
            keys.Add(next);
        announce(_own);
    }

    private Job? Choose(ChainJob? link)
    {
        if (BestBlock() is DaemonJob best)
        {
            _block = best;
            keys.Use(best.Key);
            _lastActive = time.GetTimestamp();
        }
        else if (IsGraceOver)
        {
            _block = null;
        }
        else if (_block is null)
        {
            return null;
        }

        TellOfChange();
        if (_block is null)
            return link;
        ulong now = (ulong)Math.Max(0, time.GetUtcNow().ToUnixTimeSeconds());
        return new MergedJob(_block, tree.NextTemplate(_miner, now, _block.Key));
    }

    /// <summary>Null while neither this node nor a member has a daemon that can be used.</summary>
    private DaemonJob? BestBlock() => _choice.Choose(daemons?.Status.Active is null ? null : _own, foreign.All);

    /// <summary>A node that never heard of a daemon has nothing to wait for.</summary>
    private bool IsGraceOver =>
        (_lastActive is null && daemons is null) || time.GetElapsedTime(_lastActive ?? _start) > DaemonGrace;

    private void TellOfChange()
    {
        if (_block is not null && _block.Template != _toldBlock?.Template)
            logger.LogDebug("Block {Height} on {Previous} of {Publisher} is mined from now on", _block.Height, _block.Template.PreviousId, _block.Publisher ?? self);
        _toldBlock = _block;
        (JobSource Source, PeerId? Publisher) now = _block is null ? (JobSource.Chain, null) : (JobSource.Daemon, _block.Publisher);
        if (_told == now)
            return;
        bool isFirst = _told is null;
        _told = now;
        if (now.Publisher is not null)
            logger.LogInformation("Mining the blocks of member {Publisher}", now.Publisher);
        else if (now.Source == JobSource.Daemon)
            logger.LogInformation("Mining blocks of the Monero daemon");
        else if (!isFirst || daemons is not null)
            logger.LogWarning("No daemon can be used for {Seconds:F0} s: mining the share chain alone", DaemonGrace.TotalSeconds);
    }
}
