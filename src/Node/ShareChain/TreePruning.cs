using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>What keeps the tree within its bounds.</summary>
internal static class TreePruning
{
    /// <summary>Removes every link that is neither <paramref name="root"/> nor above it.</summary>
    public static void DropOthersThanDescendants(Dictionary<Hash256, Link> links, Link root)
    {
        var kept = new HashSet<Link> { root };
        foreach (Link link in links.Values.OrderBy(link => link.Height))
        {
            if (link == root || (link.Parent is not null && kept.Contains(link.Parent)))
                kept.Add(link);
            else
                links.Remove(link.Id);
        }
    }

    /// <summary>
    /// Removes links from the ends of branches, the lightest end first, until <paramref name="count"/> are left or only
    /// the branches of <paramref name="keep"/> are.
    /// </summary>
    public static void DropLightestBranches(Dictionary<Hash256, Link> links, ReadOnlySpan<Link> keep, int count)
    {
        var ends = new PriorityQueue<Link, UInt128>();
        foreach (Link link in links.Values)
        {
            if (link.ChildCount == 0 && !keep.Contains(link))
                ends.Enqueue(link, link.CumulativeDifficulty);
        }
        while (links.Count > count && ends.TryDequeue(out Link? end, out _))
        {
            links.Remove(end.Id);
            Link parent = end.Parent!;
            if (--parent.ChildCount == 0 && !keep.Contains(parent))
                ends.Enqueue(parent, parent.CumulativeDifficulty);
        }
    }
}
