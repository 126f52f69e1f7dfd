using Google.Protobuf;
using Google.Protobuf.Collections;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>Answers those who catch up on the share chain.</summary>
/// <param name="tree">The chain.</param>
/// <param name="isProven">Whether a member has proved itself.</param>
/// <param name="time">Paces those who ask much, and ends streams on which nothing is asked.</param>
internal sealed class ChainServer(ShareTree tree, Predicate<PeerId> isProven, TimeProvider time)
{
    /// <summary>Streams that one peer may have open.</summary>
    public static readonly HandlerLimits Limits = new(Inbound: 4, Outbound: 4);

    /// <summary>
    /// Pages per second of one peer and of all, and at once. 256 links in a quarter of a second is faster than anyone verifies; and on
    /// however many streams somebody asks, he gets no more. Half is for those who have proved themselves, whatever the others ask.
    /// </summary>
    private static readonly BudgetRates Rates = new(PeerRate: 4, PeerBurst: 40, TotalRate: 20, TotalBurst: 400, NewRate: 10, NewBurst: 200);

    /// <summary>Who has used up its pages looks again so often.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);

    /// <summary>Whoever checks a page on a slow machine needs minutes for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly CheckBudget _pages = new(time, Rates, isProven);

    /// <exception cref="IOException">The stream broke, or the other side breaks the protocol.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or nothing was asked for too long.</exception>
    public async Task ServeAsync(PeerStream stream, CancellationToken cancellation)
    {
        using CancellationTokenSource idle = new(Timeout.InfiniteTimeSpan, time);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, idle.Token);
        while (true)
        {
            idle.CancelAfter(Patience);
            ChainRequest? request = await Frames.ReadAsync(stream, ChainProtocol.Requests, ChainProtocol.MaxRequestSize, end.Token);
            if (request is null)
                break;
            while (!_pages.TryTake(stream.Connection.RemotePeer))
                await Task.Delay(Pace, time, end.Token);
            await Frames.WriteAsync(stream, Answer(request), end.Token);
        }
        await stream.CloseWriteAsync(cancellation);
    }

    /// <summary>The page that a request gets.</summary>
    /// <exception cref="ProtocolException">The request is not what it should be.</exception>
    internal ChainPage Answer(ChainRequest request)
    {
        ChainPage page = new() { Tip = ChainProtocol.EndOf(tree.Tip), RootHeight = tree.Root.Height };
        switch (request.AskCase)
        {
            case ChainRequest.AskOneofCase.After:
                FillAfter(page, Fork(Ids(request.After.Ids)));
                break;
            case ChainRequest.AskOneofCase.AtHeight:
                uint count = request.AtHeight.Count;
                Fill(page, Branch(request.AtHeight.Height), count == 0 ? ChainProtocol.MaxLinks : (int)Math.Min(count, ChainProtocol.MaxLinks));
                break;
            case ChainRequest.AskOneofCase.WithIds:
                Fill(page, Ids(request.WithIds.Ids).Select(id => tree.TryGet(id, out Link? link) ? link : null).OfType<Link>(), ChainProtocol.MaxIds);
                break;
            default:
                throw new ProtocolException("a request that asks for nothing");
        }
        return page;
    }

    private void FillAfter(ChainPage page, Link? fork)
    {
        Link root = tree.Root;
        if (fork is null && root.Height == 0)
            return;
        if (fork is null)
            page.Root = OldChain.RootOf(root);
        Fill(page, Branch((fork ?? root).Height + 1), ChainProtocol.MaxLinks);
    }

    private static IReadOnlyList<Hash256> Ids(RepeatedField<ByteString> ids) =>
        ids.Count <= ChainProtocol.MaxIds && ids.All(id => id.Length == Hash256.Size)
            ? [.. ids.Select(id => new Hash256(id.Span))]
            : throw new ProtocolException($"ids have {Hash256.Size} bytes, and a request at most {ChainProtocol.MaxIds} of them");

    /// <summary>The first of these on the branch to the tip.</summary>
    private Link? Fork(IReadOnlyList<Hash256> ids)
    {
        foreach (Hash256 id in ids)
        {
            if (tree.TryGet(id, out Link? link) && tree.AtHeight(link.Height) == link)
                return link;
        }
        return null;
    }

    /// <summary>The tip may change meanwhile: what does not build on the link before ends the page.</summary>
    private IEnumerable<Link> Branch(ulong height)
    {
        Link? before = null;
        while (tree.AtHeight(height++) is Link link && (before is null || link.Share.Header.Parent == before.Id))
        {
            yield return link;
            before = link;
        }
    }

    private static void Fill(ChainPage page, IEnumerable<Link> links, int most)
    {
        int size = 0;
        foreach (Link link in links)
        {
            if (page.Shares.Count == most || size > ChainProtocol.MaxPageBytes)
                return;
            byte[] share = ShareCodec.Encode(link.Share);
            size += share.Length;
            page.Shares.Add(UnsafeByteOperations.UnsafeWrap(share));
        }
    }
}
