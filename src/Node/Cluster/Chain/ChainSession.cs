using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>
/// Catches up with one peer, page by page, as long as that leads anywhere: every page has to follow a link that was named, end higher than
/// the one before, and bring something new, unless it is a full one.
/// </summary>
/// <param name="peer">Who.</param>
/// <param name="tree">The chain.</param>
/// <param name="old">Joins a chain whose beginning is forgotten.</param>
/// <param name="intake">Checks links, for nobody else.</param>
/// <param name="time">Clock.</param>
internal sealed class ChainSession(PeerId peer, ShareTree tree, OldChain old, LinkIntake intake, TimeProvider time)
{
    /// <summary>More links than a tree holds.</summary>
    private const int MaxPages = ShareTree.MaxLinks / 64;

    /// <summary>Who takes longer than this for an answer, or in all, shall not hold up others.</summary>
    private static readonly TimeSpan SlowAnswer = TimeSpan.FromSeconds(2), Long = TimeSpan.FromSeconds(60);

    private readonly long _began = time.GetTimestamp();
    private volatile ChainClient? _client;

    public PeerId Peer => peer;

    /// <summary>Links of this peer that were new to the chain.</summary>
    public int Taken { get; private set; }

    /// <summary>Proofs that were checked for links that came to nothing.</summary>
    public int ProofsInVain => intake.ProofsInVain;

    /// <inheritdoc cref="LinkIntake.OfUnknownKey"/>
    public Share? OfUnknownKey => intake.OfUnknownKey;

    /// <summary>Whether others may be asked meanwhile.</summary>
    public bool IsSlow => time.GetElapsedTime(_began) is var age && (age > Long || (_client?.Waiting ?? age) > SlowAnswer);

    /// <summary>Asks until there is no more to be had.</summary>
    /// <exception cref="IOException">The stream broke, or the protocol is broken.</exception>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public async Task RunAsync(PeerStream stream, CancellationToken cancellation)
    {
        ChainClient client = new(stream, time);
        _client = client;
        List<Hash256> known = Locator(tree);
        if (await client.AskAfterAsync(known, cancellation) is not { } first)
            return;
        if (first.Root is not null)
        {
            await TakeOldAsync(client, first, cancellation);
            return;
        }
        try
        {
            await TakeAllAsync(client, tree, known, first, cancellation);
        }
        finally
        {
            Taken = intake.Added;
        }
    }

    private async Task TakeOldAsync(ChainClient client, ChainPage first, CancellationToken cancellation)
    {
        Link root = OldChain.ReadRoot(first.Root);
        if (old.Begin(root, ChainProtocol.ReadTip(first).Height) is not ShareTree other)
            return;
        try
        {
            await TakeAllAsync(client, other, [root.Id], first, cancellation);
        }
        finally
        {
            if (old.End(other))
                Taken = intake.Added;
            else
                intake.CountInVain(intake.Added);
        }
    }

    /// <summary>Adds pages to a tree.</summary>
    /// <param name="client">Asks.</param>
    /// <param name="into">The tree.</param>
    /// <param name="known">What was named when the first page was asked for, the root last.</param>
    /// <param name="page">The first page.</param>
    /// <param name="cancellation">Gives up.</param>
    private async Task TakeAllAsync(ChainClient client, ShareTree into, List<Hash256> known, ChainPage? page, CancellationToken cancellation)
    {
        ulong reached = 0;
        for (int pages = 1; page is not null; pages++)
        {
            IReadOnlyList<Share> shares = ChainProtocol.Read(page);
            if (shares.Any(share => share.Id == known[^1]))
                throw new ProtocolException("a page with the root that it was to follow");
            if (shares.Count == 0 || !known.Contains(shares[0].Header.Parent) || shares[^1].Header.Height <= reached)
                return;
            reached = shares[^1].Header.Height;
            if (!await TakeAsync(client, into, shares, cancellation) && !ChainProtocol.IsFull(page))
                return;
            if (pages == MaxPages || !into.TryGet(shares[^1].Id, out _))
                return;

            // As long as the other's branch is the lighter one, its last link is not on ours.
            known = [shares[^1].Id, .. Locator(into)];
            page = await client.AskAfterAsync(known, cancellation);
            if (page?.Root is not null)
                return;
        }
    }

    /// <returns>Whether any of these links is new.</returns>
    private async Task<bool> TakeAsync(ChainClient client, ShareTree into, IReadOnlyList<Share> shares, CancellationToken cancellation)
    {
        int before = intake.Added;
        IReadOnlyList<Share> uncles = await UncleFetch.FetchAsync(client, into, shares, cancellation);
        await intake.TakeAsync(into, shares, uncles, cancellation);
        client.Earn(shares.Count, Math.Min(shares.Count, intake.Added - before));
        return intake.Added > before;
    }

    /// <summary>Ids of a tree's branch, the tip first, at growing distances, the root last: some of them the other has, too.</summary>
    private static List<Hash256> Locator(ShareTree tree)
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
}
