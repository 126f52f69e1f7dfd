using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>One miner's part in the last links.</summary>
/// <param name="Miner">Who.</param>
/// <param name="Weight">Work it is credited with, in units of difficulty.</param>
/// <param name="Links">Its links.</param>
/// <param name="Uncles">Its late shares that were named by links.</param>
internal sealed record Contribution(MinerId Miner, UInt128 Weight, int Links, int Uncles);

/// <summary>
/// Who did how much of the work of the last links, by the PPLNS rule ("pay per last N shares"): each link of the branch credits its
/// miner with its difficulty, and each uncle that it names its miner with four fifths of its own and the link's
/// miner with the rest. It follows from the tip alone, so that nodes with the same chain have the same numbers.
/// </summary>
/// <param name="Tip">The last link.</param>
/// <param name="Links">Links that were counted: <see cref="Window"/>, or all of a young chain but the genesis link.</param>
/// <param name="Uncles">Uncles that they name.</param>
/// <param name="Weight">The sum over all miners, which is that of the difficulties of these links and uncles.</param>
/// <param name="Miners">The greatest weight first, of equals the lowest miner id.</param>
internal sealed record Contributions(Hash256 Tip, int Links, int Uncles, UInt128 Weight, IReadOnlyList<Contribution> Miners)
{
    /// <summary>N: six hours at 10 s per link, as in Monero's P2Pool.</summary>
    public const int Window = 2160;

    /// <summary>The part of an uncle's weight that goes to the miner of the link that names it is one in this many.</summary>
    public const int NamingPart = 5;

    /// <param name="tip">The end of the branch.</param>
    /// <param name="uncleOf">Gives a named uncle.</param>
    public static Contributions Of(Link tip, Func<Hash256, Link?> uncleOf)
    {
        var miners = new Dictionary<MinerId, Contribution>();
        int links = 0;
        int uncles = 0;
        for (Link? link = tip; link is { Height: > 0 } && links < Window; link = link.Parent, links++)
        {
            MinerId miner = link.Share.Header.Miner;
            Credit(miner, link.Share.Header.Difficulty, links: 1);
            foreach (Link uncle in link.Share.Header.Uncles.Select(uncleOf).OfType<Link>())
            {
                UInt128 weight = uncle.Share.Header.Difficulty;
                Credit(miner, weight / NamingPart);
                Credit(uncle.Share.Header.Miner, weight - weight / NamingPart, uncles: 1);
                uncles++;
            }
        }
        Contribution[] sorted = [.. miners.Values];
        Array.Sort(sorted, Compare);
        return new Contributions(tip.Id, links, uncles, sorted.Aggregate(UInt128.Zero, (sum, part) => sum + part.Weight), sorted);

        void Credit(MinerId miner, UInt128 weight, int links = 0, int uncles = 0)
        {
            Contribution before = miners.GetValueOrDefault(miner) ?? new Contribution(miner, 0, 0, 0);
            miners[miner] = before with { Weight = before.Weight + weight, Links = before.Links + links, Uncles = before.Uncles + uncles };
        }
    }

    /// <summary>0 to 1; 0 where there is no work yet.</summary>
    public double PartOf(Contribution miner) => Weight == 0 ? 0 : (double)miner.Weight / (double)Weight;

    private static int Compare(Contribution left, Contribution right)
    {
        int byWeight = right.Weight.CompareTo(left.Weight);
        return byWeight != 0 ? byWeight : left.Miner.Span.SequenceCompareTo(right.Miner.Span);
    }
}
