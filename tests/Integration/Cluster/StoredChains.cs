using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>The share chains that the nodes of a fleet have left on their disks, and what became of every share in them.</summary>
internal sealed class StoredChains
{
    private readonly ShareTree[] _trees;
    private readonly Link[] _branch;
    private readonly HashSet<Hash256> _links;
    private readonly HashSet<Hash256> _uncles;

    private StoredChains(ShareTree[] trees, MinerId[] miners)
    {
        _trees = trees;
        Miners = miners;
        ulong common = trees.Min(tree => tree.Tip.Height);
        while (trees.Select(tree => tree.AtHeight(common)!.Id).Distinct().Count() > 1)
            common--;
        _branch = [.. Enumerable.Range(0, (int)common + 1).Select(height => trees[0].AtHeight((ulong)height)!)];
        _links = [.. _branch.Select(link => link.Id)];
        _uncles = [.. _branch.SelectMany(link => link.Share.Header.Uncles)];
        Shares = [.. trees.SelectMany(tree => tree.Export()).DistinctBy(link => link.Id).Where(link => miners.Contains(link.Share.Header.Miner)).Select(FateOf)];
    }

    /// <summary>Under which name each node is credited.</summary>
    public IReadOnlyList<MinerId> Miners { get; }

    /// <summary>The links that are at the same height on the chains of all nodes, the genesis link first. None is pruned yet.</summary>
    public IReadOnlyList<Link> Branch => _branch;

    /// <summary>Every share of these nodes that any of them has.</summary>
    public IReadOnlyList<StoredShare> Shares { get; }

    /// <summary>Reads the chains of nodes.</summary>
    public static StoredChains Read(IReadOnlyList<string> dataDirectories, string cluster)
    {
        ShareTree[] trees = [.. dataDirectories.Select(directory => StoredChain.Read(directory, cluster))];
        return new StoredChains(trees, [.. dataDirectories.Select(directory =>
            new MinerId(PeerId.FromEd25519(IdentityFile.LoadOrCreate(Path.Combine(directory, "identity.key")).PublicKey).Bytes))]);
    }

    private StoredShare FateOf(Link link) => new(
        link, Array.IndexOf([.. Miners], link.Share.Header.Miner), Fate(link),
        [.. Enumerable.Range(0, _trees.Length).Where(node => _trees[node].TryGet(link.Id, out _))]);

    private ShareFate Fate(Link link)
    {
        if (_links.Contains(link.Id))
            return ShareFate.Link;
        if (_uncles.Contains(link.Id))
            return ShareFate.Uncle;
        if (link.Height + UncleRules.Depth >= (ulong)_branch.Length)
            return ShareFate.Open;
        if (!_links.Contains(link.Share.Header.Parent))
            return ShareFate.LostBranch;
        Link[] next = [.. _branch.Skip((int)link.Height + 1).Take((int)UncleRules.Depth).Where(later => later.Share.Header.Key == link.Share.Header.Key)];
        if (next.Length == 0)
            return ShareFate.OtherKey;
        return next.Any(later => KnewInTime(later, link)) ? ShareFate.Forgotten : ShareFate.Late;
    }

    /// <summary>Whether the finder of a link had the share before it had the link's parent, so that the link's job could name it.</summary>
    private bool KnewInTime(Link later, Link share)
    {
        int finder = Array.IndexOf([.. Miners], later.Share.Header.Miner);
        return finder >= 0
            && later.Share.Header.Uncles.Count < UncleIds.Max
            && _trees[finder].TryGet(share.Id, out Link? there)
            && _trees[finder].TryGet(later.Share.Header.Parent, out Link? parent)
            && there.Sequence < parent.Sequence;
    }
}

/// <param name="Link">The share.</param>
/// <param name="Finder">The number of its finder.</param>
/// <param name="Fate">What became of it.</param>
/// <param name="Holders">The nodes that have it.</param>
internal sealed record StoredShare(Link Link, int Finder, ShareFate Fate, IReadOnlyList<int> Holders);

/// <summary>What became of a share in the chain that all nodes have.</summary>
internal enum ShareFate
{
    /// <summary>It is a link.</summary>
    Link,

    /// <summary>A link names it.</summary>
    Uncle,

    /// <summary>The chain is not long enough yet to tell.</summary>
    Open,

    /// <summary>It builds on a share that is none of the links, so that none may name it.</summary>
    LostBranch,

    /// <summary>None of the links that may name it has its key.</summary>
    OtherKey,

    /// <summary>Whoever could have named it had it too late.</summary>
    Late,

    /// <summary>Whoever found one of the next links had it in time, and did not name it.</summary>
    Forgotten,
}
