using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>A share in its place: with what follows from its ancestors for its children. Made by <see cref="ShareTree"/>.</summary>
internal sealed class Link
{
    private List<Link>? _children;

    /// <summary>A link with a known parent.</summary>
    public Link(Share share, Link parent, long sequence)
    {
        Share = share;
        Parent = parent;
        Sequence = sequence;
        ChildDifficulty = LinkDifficulty.Next(
            share.Header.Difficulty, share.Header.Timestamp - parent.Timestamp, share.Header.Uncles.Count);
        ulong seedHeight = SeedHeight.Of(Height + 1);
        ChildKey = seedHeight == SeedHeight.Of(Height) ? parent.ChildKey : AncestorAt(seedHeight).Id;
    }

    /// <summary>A root: the genesis link, or a pruned chain's oldest link, whose ancestors are gone.</summary>
    public Link(Share share, Hash256 childKey, UInt128 childDifficulty)
    {
        Share = share;
        ChildKey = childKey;
        ChildDifficulty = childDifficulty;
    }

    public Share Share { get; }

    /// <summary>Null for a root, and for links that pruning made the root.</summary>
    public Link? Parent { get; private set; }

    /// <summary>Counts up in the order of addition.</summary>
    public long Sequence { get; }

    /// <summary>The difficulty that every child has to have.</summary>
    public UInt128 ChildDifficulty { get; }

    /// <summary>The chain's RandomX key for every child.</summary>
    public Hash256 ChildKey { get; }

    /// <summary>The links that build directly on this one. Belongs to the tree, as do all changes.</summary>
    public IReadOnlyList<Link> Children => _children ?? [];

    /// <summary>How many links name this one as uncle.</summary>
    public int UncleUses { get; set; }

    /// <summary>Whether other links could not be checked without this one.</summary>
    public bool IsNeeded => _children is { Count: > 0 } || UncleUses > 0;

    public Hash256 Id => Share.Id;

    public ulong Height => Share.Header.Height;

    public ulong Timestamp => Share.Header.Timestamp;

    public UInt128 CumulativeDifficulty => Share.Header.CumulativeDifficulty;

    /// <summary>
    /// The key of the next epoch, when a child of this link is within <see cref="SeedHeight.Lag"/> links of it; null
    /// while it is not decided yet.
    /// </summary>
    public Hash256? NextChildKey
    {
        get
        {
            ulong next = SeedHeight.Of(Height + 1 + SeedHeight.Lag);
            return next == SeedHeight.Of(Height + 1) ? null : AncestorAt(next).Id;
        }
    }

    /// <summary>This link or its ancestor at <paramref name="height"/>. Takes as many steps as there are links between.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Above this link, or pruned.</exception>
    public Link AncestorAt(ulong height)
    {
        Link? link = this;
        while (link is not null && link.Height > height)
            link = link.Parent;
        return link?.Height == height ? link : throw new ArgumentOutOfRangeException(nameof(height), height, "no such ancestor");
    }

    public void AddChild(Link child) => (_children ??= new List<Link>(1)).Add(child);

    public void RemoveChild(Link child) => _children!.Remove(child);

    /// <summary>Lets go of the ancestors.</summary>
    public void MakeRoot() => Parent = null;
}
