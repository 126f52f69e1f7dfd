using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>
/// Which link is built on: the one with the greatest cumulative difficulty; of equals the one with the lowest id, so that who
/// has the same links has the same tip. docs/share-chain.md says why that is not worth gaming.
/// </summary>
internal static class TipChoice
{
    public static bool IsBetter(Link link, Link other) => link.CumulativeDifficulty != other.CumulativeDifficulty
        ? link.CumulativeDifficulty > other.CumulativeDifficulty
        : UncleIds.Compare(link.Id, other.Id) < 0;

    /// <summary>The best link that is not later than <paramref name="latest"/>. Looks at every link; for rare moments.</summary>
    public static Link BestUntil(Dictionary<Hash256, Link> links, Link root, ulong latest)
    {
        Link best = root;
        foreach (Link link in links.Values)
        {
            if (link.Timestamp <= latest && IsBetter(link, best))
                best = link;
        }
        return best;
    }

    /// <summary>Whether a branch is heavier than another by so much work that its timestamps are believed.</summary>
    public static bool Outvotes(Link link, Link other) =>
        link.CumulativeDifficulty - other.CumulativeDifficulty >= ChainClock.OutvotingLinks * other.ChildDifficulty;
}
