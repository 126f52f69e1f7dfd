using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>
/// Catches up on the share chain: when a member says that its chain has more work than ours and ends in a link that is
/// not known here, or when a share came whose parent is missing. Links are checked as those from gossip are; who sends an
/// invalid one is shut out.
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
    /// <summary>Looked at so often whether a member is ahead, besides every heartbeat.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>How long a peer is left alone that could not help.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    /// <summary>Of one session: more links than a tree holds.</summary>
    private const int MaxPages = ShareTree.MaxLinks / 64;

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

    private readonly Dictionary<PeerId, long> _useless = [];
    private readonly LinkIntake _intake = new(prove, time);
    private readonly OldChain _old = new(tree, logger);
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
        while (true)
        {
            using CancellationTokenSource pause = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            Task<bool> wanted = _wanted.Reader.WaitToReadAsync(pause.Token).AsTask();
            await Task.WhenAny(wanted, Task.Delay(Interval, time, pause.Token));
            await pause.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
            HashSet<PeerId> asked = [];
            while (_wanted.Reader.TryRead(out PeerId? peer))
                asked.Add(peer);
            asked.UnionWith(view.Members.Where(member => IsAhead(member.Status.Tip)).Select(member => member.Peer));
            foreach (PeerId peer in asked.Where(peer => !IsResting(peer) && host.Network.FindConnection(peer) is not null && strangers.IsLeftFor(peer) && _budget.TryTake(peer)))
                await CatchUpAsync(host, peer, cancellation);
        }
    }

    private bool IsAhead(ChainTip tip) => tip.Work > tree.Tip.CumulativeDifficulty && !tree.TryGet(tip.Id, out _);

    private bool IsResting(PeerId peer) => _useless.TryGetValue(peer, out long since) && time.GetElapsedTime(since) < Rest;

    private async Task CatchUpAsync(Host host, PeerId peer, CancellationToken cancellation)
    {
        int taken = 0;
        int inVain = _intake.ProofsInVain;
        try
        {
            await using PeerStream stream = await host.OpenStreamAsync(peer, [ChainProtocol.Id], cancellation);
            ChainClient client = new(stream, time);
            Progress page = new(0, IsEnd: false, null);
            for (int pages = 0; pages < MaxPages && !page.IsEnd; pages++)
            {
                page = await TakePageAsync(client, page.Last, cancellation);
                taken += page.Links;
            }
            await stream.CloseWriteAsync(cancellation);
        }
        catch (ProtocolException error)
        {
            strangers.SpendProofs(peer, _intake.ProofsInVain - inVain);
            conduct.Ban(peer, error.Message);
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            logger.LogDebug("Catching up with {Peer} ended: {Reason}", peer, error.Message);
        }
        TellOfUnknownKey(peer);
        if (taken == 0)
        {
            RememberUseless(peer);
            return;
        }
        _budget.Trust(peer);
        logger.LogInformation("Caught up on {Count} links; the share chain has height {Height}", taken, tree.Tip.Height);
    }

    /// <summary>Once for each key: it may stay unknown for days, and the peer is asked every ten seconds.</summary>
    private void TellOfUnknownKey(PeerId peer)
    {
        if (_intake.OfUnknownKey?.Header is not ShareHeader header || header.Key == _unknownKey)
            return;
        _unknownKey = header.Key;
        logger.LogWarning(
            "The share chain of {Peer} has more work, but cannot be followed beyond link {Height}: neither a daemon of this node nor a live member names the key of the Monero block in the next one, {Key}",
            peer, header.Height - 1, header.Key);
    }

    /// <summary>Asks for a page and adds it.</summary>
    /// <param name="client">Asks.</param>
    /// <param name="last">
    /// The last link of the page before: as long as the other's branch is the lighter one, it is not on ours.
    /// </param>
    /// <param name="cancellation">Gives up.</param>
    private async Task<Progress> TakePageAsync(ChainClient client, Hash256? last, CancellationToken cancellation)
    {
        IEnumerable<Hash256> known = last is Hash256 id ? Locator().Prepend(id) : Locator();
        ChainPage? page = await client.AskAfterAsync(known, cancellation);
        if (page is null)
            return new Progress(0, IsEnd: true, null);
        if (page.Root is not null)
            return new Progress(await _old.TakeAsync(client, page, _intake, cancellation), IsEnd: true, null);
        IReadOnlyList<Share> shares = ChainProtocol.Read(page);
        IReadOnlyList<Share> uncles = await UncleFetch.FetchAsync(client, tree, shares, cancellation);
        int taken = await _intake.TakeAsync(tree, shares, uncles, cancellation);
        return new Progress(taken, IsEnd: taken < shares.Count || taken == 0, taken == 0 ? null : shares[taken - 1].Id);
    }

    /// <summary>Ids of our branch, the tip first, at growing distances, the root last: some of them the other has, too.</summary>
    private List<Hash256> Locator()
    {
        List<Hash256> ids = [];
        ulong height = tree.Tip.Height;
        ulong root = tree.Root.Height;
        for (ulong step = 1; height > root && ids.Count < ChainProtocol.MaxIds - 2; step = ids.Count < 8 ? 1 : 2 * step)
        {
            if (tree.AtHeight(height) is Link link)
                ids.Add(link.Id);
            height -= Math.Min(step, height - root);
        }
        ids.Add(tree.Root.Id);
        return ids;
    }

    private void RememberUseless(PeerId peer)
    {
        if (_useless.Count >= MaxUseless)
            _useless.Clear();
        _useless[peer] = time.GetTimestamp();
    }

    /// <param name="Links">Of the page, those that are here now.</param>
    /// <param name="IsEnd">Whether there is no more to be had.</param>
    /// <param name="Last">The last of them.</param>
    private sealed record Progress(int Links, bool IsEnd, Hash256? Last);
}
