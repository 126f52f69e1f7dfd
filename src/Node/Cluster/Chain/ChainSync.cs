using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>
/// Catches up on the share chain: when a member says that its chain has more work than ours and ends in a link that is
/// not known here, or when a share came whose parent is missing. One peer is asked at a time, others as well while those that are asked are
/// slow. Links are checked as those from gossip are; who sends an invalid one is shut out.
/// </summary>
/// <param name="tree">The chain.</param>
/// <param name="view">Whose chains there are.</param>
/// <param name="prove">Checks proof of work.</param>
/// <param name="conduct">Shuts out who lies.</param>
/// <param name="strangers">What may be spent in vain on links of members that have not proved themselves.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Told of what was caught up on.</param>
internal sealed class ChainSync(ShareTree tree, MemberView view, ProofCheck prove, Conduct conduct, StrangerTime strangers, TimeProvider time, ILogger logger)
{
    /// <summary>Peers that are asked at once, and of these those that have not proved themselves.</summary>
    public const int MaxSessions = 4, MaxStrangers = 3;

    /// <summary>Looked at so often whether a member is ahead, besides every heartbeat; and whether those that are asked are slow.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5), Look = TimeSpan.FromSeconds(1);

    /// <summary>How long a peer is left alone that could not help.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    /// <summary>Peers to ask that wait; more are asked when they are heard of again.</summary>
    private const int MaxWaiting = 64;

    /// <summary>Peers that are remembered for not having helped.</summary>
    private const int MaxUseless = 256;

    /// <summary>
    /// Peers asked per second: each one that has never helped may make this node hash in vain before it is shut out, and come back under
    /// another name.
    /// </summary>
    private static readonly BudgetRates Rates = new(
        PeerRate: 2, PeerBurst: 20, TotalRate: BudgetRates.Unlimited, TotalBurst: BudgetRates.Unlimited, NewRate: 0.5, NewBurst: 10);

    private readonly CheckBudget _budget = new(time, Rates);
    private readonly Channel<PeerId> _wanted = Channel.CreateBounded<PeerId>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, long> _useless = [];
    private readonly SharedProofs _proofs = new(prove);
    private readonly OldChain _old = new(tree, time, logger);
    private Hash256? _unknownKey;

    /// <summary>Takes note that a peer may have links that are missing here. Returns at once.</summary>
    public void Ask(PeerId peer) => _wanted.Writer.TryWrite(peer);

    /// <summary>Takes note of what a member says of its chain. Returns at once.</summary>
    public void Heard(PeerId peer, MemberStatus status)
    {
        if (IsAhead(status.Tip))
            Ask(peer);
    }

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(Host host, CancellationToken cancellation)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Dictionary<ChainSession, Task> sessions = [];
        List<PeerId> waiting = [];
        try
        {
            while (true)
            {
                await PauseAsync(sessions, cancellation);
                foreach ((ChainSession session, Task task) in sessions.Where(pair => pair.Value.IsCompleted).ToArray())
                {
                    sessions.Remove(session);
                    await task;
                }
                _old.Forget();
                Collect(waiting);
                waiting.RemoveAll(peer => IsResting(peer) || host.Network.FindConnection(peer) is null || !strangers.IsLeftFor(peer));
                if (Next(waiting, sessions) is not PeerId next)
                    continue;
                waiting.Remove(next);
                ChainSession begun = new(next, tree, _old, new LinkIntake((share, stop) => ProveAsync(next, share, stop), time), time);
                sessions.Add(begun, CatchUpAsync(host, begun, stop.Token));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(sessions.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Waits until there may be something to do.</summary>
    private async Task PauseAsync(Dictionary<ChainSession, Task> sessions, CancellationToken cancellation)
    {
        using CancellationTokenSource pause = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task wanted = _wanted.Reader.WaitToReadAsync(pause.Token).AsTask();
        await Task.WhenAny([wanted, Task.Delay(sessions.Count == 0 ? Interval : Look, time, pause.Token), .. sessions.Values]);
        await pause.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Adds those who may have links that are missing here, as far as there is room.</summary>
    private void Collect(List<PeerId> waiting)
    {
        while (_wanted.Reader.TryRead(out PeerId? peer))
            Add(peer);
        foreach (Member member in view.Members)
        {
            if (IsAhead(member.Status.Tip))
                Add(member.Peer);
        }

        void Add(PeerId peer)
        {
            if (waiting.Count < MaxWaiting && !waiting.Contains(peer))
                waiting.Add(peer);
        }
    }

    /// <summary>Who is asked now: of those that wait the first who has proved himself, else the first.</summary>
    private PeerId? Next(List<PeerId> waiting, Dictionary<ChainSession, Task> sessions)
    {
        if (sessions.Count == MaxSessions || !sessions.Keys.All(session => session.IsSlow))
            return null;
        bool mayBeStranger = sessions.Keys.Count(session => !strangers.Standing.IsProven(session.Peer)) < MaxStrangers;
        PeerId[] free = [.. waiting.Where(peer => !sessions.Keys.Any(session => session.Peer.Equals(peer))).OrderByDescending(strangers.Standing.IsProven)];
        foreach (PeerId peer in free)
        {
            if (!mayBeStranger && !strangers.Standing.IsProven(peer))
                return null;
            if (_budget.TryTake(peer))
                return peer;
            waiting.Remove(peer);
        }
        return null;
    }

    private bool IsAhead(ChainTip tip) => tip.Work > tree.Tip.CumulativeDifficulty && !tree.TryGet(tip.Id, out _);

    private bool IsResting(PeerId peer)
    {
        lock (_lock)
            return _useless.TryGetValue(peer, out long since) && time.GetElapsedTime(since) < Rest;
    }

    private async Task CatchUpAsync(Host host, ChainSession session, CancellationToken cancellation)
    {
        try
        {
            await AskAsync(host, session, cancellation);
        }
        catch (ProtocolException error)
        {
            conduct.Ban(session.Peer, error.Message);
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            logger.LogDebug("Catching up with {Peer} ended: {Reason}", session.Peer, error.Message);
        }
        TellOfUnknownKey(session);
        if (session.Taken == 0)
        {
            RememberUseless(session.Peer);
            return;
        }
        _budget.Trust(session.Peer);
        logger.LogInformation("Caught up on {Count} links; the share chain has height {Height}", session.Taken, tree.Tip.Height);
    }

    /// <summary>Once for each key: it may stay unknown for days, and the peer is asked every ten seconds.</summary>
    private void TellOfUnknownKey(ChainSession session)
    {
        if (session.OfUnknownKey?.Header is not ShareHeader header)
            return;
        lock (_lock)
        {
            if (header.Key == _unknownKey)
                return;
            _unknownKey = header.Key;
        }
        logger.LogWarning(
            "The share chain of {Peer} has more work, but cannot be followed beyond link {Height}: neither a daemon of this node nor a live member names the key of the Monero block in the next one, {Key}",
            session.Peer, header.Height - 1, header.Key);
    }

    private Task<Proof> ProveAsync(PeerId peer, Share share, CancellationToken cancellation) =>
        strangers.TryTakeCache(peer, share.Header.Key) ? _proofs.CheckAsync(share, cancellation) : Task.FromResult(Proof.Unknown);

    private async Task AskAsync(Host host, ChainSession session, CancellationToken cancellation)
    {
        try
        {
            await using PeerStream stream = await host.OpenStreamAsync(session.Peer, [ChainProtocol.Id], cancellation);
            await session.RunAsync(stream, cancellation);
            await stream.CloseWriteAsync(cancellation);
        }
        finally
        {
            // However it ends, and before he is shut out, which makes a stranger of him.
            strangers.SpendProofs(session.Peer, session.ProofsInVain);
        }
    }

    private void RememberUseless(PeerId peer)
    {
        lock (_lock)
        {
            if (_useless.Count >= MaxUseless)
                _useless.Clear();
            _useless[peer] = time.GetTimestamp();
        }
    }
}
