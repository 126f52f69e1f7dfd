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
                Remove(links, link);
        }
    }

    /// <summary>
    /// Removes links from the ends of branches, the lightest end first, until <paramref name="count"/> are left or only
    /// the branches of <paramref name="keep"/> are, with the uncles that they name.
    /// </summary>
    public static void DropLightestBranches(Dictionary<Hash256, Link> links, Link[] keep, int count)
    {
        var ends = new PriorityQueue<Link, UInt128>();
        foreach (Link link in links.Values)
            Offer(link);
        while (links.Count > count && ends.TryDequeue(out Link? end, out _))
        {
            links.Remove(end.Id);
            end.Parent!.RemoveChild(end);
            ForgetUncles(links, end, Offer);
            Offer(end.Parent);
        }

        void Offer(Link link)
        {
            if (!link.IsNeeded && !keep.Contains(link))
                ends.Enqueue(link, link.CumulativeDifficulty);
        }
    }

    private static void Remove(Dictionary<Hash256, Link> links, Link link)
    {
        links.Remove(link.Id);
        ForgetUncles(links, link, static _ => { });
    }

    private static void ForgetUncles(Dictionary<Hash256, Link> links, Link link, Action<Link> changed)
    {
        foreach (Hash256 id in link.Share.Header.Uncles)
        {
            if (links.TryGetValue(id, out Link? uncle))
            {
                uncle.UncleUses--;
                changed(uncle);
            }
        }
    }
}
