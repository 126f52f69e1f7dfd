using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
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
/// <param name="time">Clock.</param>
/// <param name="logger">Told of what was caught up on.</param>
internal sealed class ChainSync(ShareTree tree, MemberView view, ProofCheck prove, Conduct conduct, TimeProvider time, ILogger logger)
{
    /// <summary>Looked at so often whether a member is ahead, besides every heartbeat.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>For one answer.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long a peer is left alone that could not help.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    /// <summary>Peers to ask that wait; more are asked when they are heard of again.</summary>
    private const int MaxWaiting = 64;

    /// <summary>Peers that are remembered for not having helped.</summary>
    private const int MaxUseless = 256;

    private readonly Channel<PeerId> _wanted = Channel.CreateBounded<PeerId>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Dictionary<PeerId, long> _useless = [];

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
            foreach (PeerId peer in asked.Where(peer => !IsResting(peer) && host.Network.FindConnection(peer) is not null))
                await CatchUpAsync(host, peer, cancellation);
        }
    }

    private ulong Now => (ulong)Math.Max(0, time.GetUtcNow().ToUnixTimeSeconds());

    private bool IsAhead(ChainTip tip) => tip.Work > tree.Tip.CumulativeDifficulty && !tree.TryGet(tip.Id, out _);

    private bool IsResting(PeerId peer) => _useless.TryGetValue(peer, out long since) && time.GetElapsedTime(since) < Rest;

    private async Task CatchUpAsync(Host host, PeerId peer, CancellationToken cancellation)
    {
        int taken = 0;
        try
        {
            await using PeerStream stream = await host.OpenStreamAsync(peer, [ChainProtocol.Id], cancellation);
            while (await TakePageAsync(stream, cancellation) is int links and > 0)
                taken += links;
            await stream.CloseWriteAsync(cancellation);
        }
        catch (ProtocolException error)
        {
            conduct.Ban(peer, error.Message);
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            logger.LogDebug("Catching up with {Peer} ended: {Reason}", peer, error.Message);
        }
        if (taken > 0)
            logger.LogInformation("Caught up on {Count} links; the share chain has height {Height}", taken, tree.Tip.Height);
        else
            RememberUseless(peer);
    }

    /// <summary>Asks for a page and adds it.</summary>
    /// <returns>The number of links that were new; 0 at the end.</returns>
    private async Task<int> TakePageAsync(PeerStream stream, CancellationToken cancellation)
    {
        ChainRequest request = new() { After = new After() };
        request.After.Ids.AddRange(Locator().Select(ChainProtocol.ToBytes));
        ChainPage? page = await AskAsync(stream, request, cancellation);
        if (page is null)
            return 0;
        int added = 0;
        foreach (Share share in ChainProtocol.Read(page))
        {
            if (!await TakeAsync(share, cancellation))
                break;
            added++;
        }
        return added;
    }

    private async Task<ChainPage?> AskAsync(PeerStream stream, ChainRequest request, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = new(AnswerTimeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            await Frames.WriteAsync(stream, request, either.Token);
            return await Frames.ReadAsync(stream, ChainProtocol.Pages, ChainProtocol.MaxAnswerSize, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {AnswerTimeout.TotalSeconds} s");
        }
    }

    /// <returns>False if it cannot be added now, which ends the page.</returns>
    /// <exception cref="ProtocolException">It is invalid.</exception>
    private async Task<bool> TakeAsync(Share share, CancellationToken cancellation)
    {
        AddResult? place = tree.Check(share, Now);
        if (place is null)
        {
            switch (await prove(share, cancellation))
            {
                case Proof.Invalid:
                    throw new ProtocolException($"link {share.Header.Height} of its chain has no proof of work");
                case Proof.Unknown:
                    return false;
                default:
                    place = tree.AddVerified(share, Now);
                    break;
            }
        }
        return place.Value.Status switch
        {
            AddStatus.Added or AddStatus.NewTip or AddStatus.Duplicate => true,
            AddStatus.Invalid when place.Value.Fault is ShareFault.Height or ShareFault.Difficulty or ShareFault.CumulativeDifficulty or ShareFault.TimestampBeforeParent =>
                throw new ProtocolException($"link {share.Header.Height} of its chain is invalid: {place.Value.Fault}"),
            _ => false,
        };
    }

    /// <summary>Ids of our branch, the tip first, at growing distances, the root last: some of them the other has, too.</summary>
    private List<Hash256> Locator()
    {
        List<Hash256> ids = [];
        ulong height = tree.Tip.Height;
        ulong root = tree.Root.Height;
        for (ulong step = 1; height > root && ids.Count < ChainProtocol.MaxIds - 1; step = ids.Count < 8 ? 1 : 2 * step)
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
}
