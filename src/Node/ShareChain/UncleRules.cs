using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>
/// Which late shares a link may name as uncles, and which it should; docs/share-chain.md gives the reasons. An uncle is a valid
/// link beside the branch whose parent is on it, up to <see cref="Depth"/> links below the one that names it, under the same
/// RandomX key, and named by no link of the branch before.
/// </summary>
internal static class UncleRules
{
    /// <summary>How many links an uncle may lie below the link that names it.</summary>
    public const ulong Depth = 3;

    /// <summary>
    /// Whether what a link names below a pruned chain's root has to be believed: such uncles are gone. Nothing that counts looks
    /// so far back.
    /// </summary>
    public static bool IsBelieved(ulong height, Link root) => root.Height > 0 && height <= root.Height + Depth;

    /// <summary>Whether a link may name an uncle.</summary>
    /// <param name="uncle">A link of the tree.</param>
    /// <param name="header">Of the link that names it.</param>
    /// <param name="parent">That link's parent.</param>
    public static bool IsUncle(Link uncle, ShareHeader header, Link parent)
    {
        if (uncle.Height >= header.Height || header.Height - uncle.Height > Depth || uncle.Share.Header.Key != header.Key)
            return false;
        Link? ancestor = parent;
        while (ancestor is not null && ancestor.Height >= uncle.Height)
        {
            if (ancestor == uncle || ancestor.Share.Header.Uncles.Contains(uncle.Id))
                return false;
            ancestor = ancestor.Parent;
        }
        return ancestor is not null && uncle.Parent == ancestor;
    }

    /// <summary>What a link on <paramref name="parent"/> can name: the oldest first, which are the next to be too old.</summary>
    /// <param name="parent">The link to build on.</param>
    /// <param name="header">Of the new link, without uncles.</param>
    public static UncleIds Available(Link parent, ShareHeader header)
    {
        List<Hash256> ids = [];
        Link? ancestor = parent;
        var ancestors = new Stack<Link>();
        for (ulong up = 0; up < Depth && ancestor?.Parent is Link next; up++)
            ancestors.Push(ancestor = next);
        foreach (Link fork in ancestors)
        {
            foreach (Link child in fork.Children)
            {
                if (ids.Count < UncleIds.Max && IsUncle(child, header, parent))
                    ids.Add(child.Id);
            }
        }
        return [.. ids];
    }
}
