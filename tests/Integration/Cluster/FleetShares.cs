using System.Globalization;
using System.Text.RegularExpressions;
using P2PMiner.Mining;
using P2PMiner.Node.Api;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>A share that a node of a fleet found.</summary>
/// <param name="Machine">Of its finder.</param>
/// <param name="Height">Of the link that it is or was meant to be.</param>
/// <param name="Difficulty">Its work.</param>
/// <param name="Holders">Machines whose chain has it, on the branch that counts or beside it.</param>
/// <param name="IsCredited">Whether it is a link of the branch that counts, or an uncle that one of these names.</param>
internal sealed record FoundShare(int Machine, ulong Height, double Difficulty, int Holders, bool IsCredited);

/// <summary>
/// What became of every share that the nodes of a fleet found. Shares come from the chains on the disks of all machines, by their ids; such
/// as are in none of them from what their finders logged. What is credited says the branch that all survivors have in common, and nobody's
/// own count.
/// </summary>
internal sealed partial class FleetShares
{
    private FleetShares(ulong common, ulong settled, IReadOnlyList<FoundShare> all, int rejected) =>
        (Common, Settled, All, Rejected) = (common, settled, all, rejected);

    /// <summary>Height of the last link that all survivors have on their branch.</summary>
    public ulong Common { get; }

    /// <summary>Up to here it is decided what is credited: no later link can name an uncle of this height.</summary>
    public ulong Settled { get; }

    /// <summary>Shares that were found, up to <see cref="Settled"/>.</summary>
    public IReadOnlyList<FoundShare> All { get; }

    /// <summary>Hits that turned out to be none: a wrong hash, or a broken rule.</summary>
    public int Rejected { get; }

    /// <summary>Shares that nobody is credited for.</summary>
    public IReadOnlyList<FoundShare> Lost => [.. All.Where(share => !share.IsCredited)];

    /// <summary>Part of the work that nobody is credited for, 0 to 1.</summary>
    public double LostWork => All.Count == 0 ? 0 : Lost.Sum(share => share.Difficulty) / All.Sum(share => share.Difficulty);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{All.Count} shares up to height {Settled}, of which {All.Count - Lost.Count} are credited and {Lost.Count} lost, {100 * LostWork:F2} % of the work; {Rejected} rejected");

    /// <param name="chains">Of every machine, in their order.</param>
    /// <param name="miners">The peer id of every machine's node; null for one that never said it.</param>
    /// <param name="survivors">Machines whose nodes have to agree.</param>
    /// <param name="output">Lines of all nodes, each after the number of its machine and a colon.</param>
    /// <param name="after">Shares up to this height do not count.</param>
    public static FleetShares Of(
        IReadOnlyList<ShareTree> chains, IReadOnlyList<string?> miners, IReadOnlyList<int> survivors, IReadOnlyList<string> output, ulong after = 0)
    {
        ulong common = CommonHeight([.. survivors.Select(machine => chains[machine])]);
        ulong settled = common > UncleRules.Depth ? common - UncleRules.Depth : 0;
        HashSet<Hash256> credited = Credited(chains[survivors[0]], common);
        Dictionary<Hash256, Link> known = [];
        Dictionary<Hash256, int> holders = [];
        foreach (Link link in chains.SelectMany(chain => chain.Export()))
        {
            known.TryAdd(link.Id, link);
            holders[link.Id] = holders.GetValueOrDefault(link.Id) + 1;
        }
        List<FoundShare> all = [];
        foreach ((Hash256 id, Link link) in known)
        {
            if (IsCounted(link.Height) && MachineOf(link) is int machine)
                all.Add(new FoundShare(machine, link.Height, (double)link.Share.Header.Difficulty, holders[id], credited.Contains(id)));
        }
        all.AddRange(LoggedOnly(output, all).Where(share => IsCounted(share.Height)));
        return new FleetShares(common, settled, all, output.Count(line => RejectedLine().IsMatch(line)));

        bool IsCounted(ulong height) => height > after && height <= settled;

        int? MachineOf(Link link)
        {
            string name = ContributionReport.NameOf(link.Share.Header.Miner);
            for (int machine = 0; machine < miners.Count; machine++)
            {
                if (miners[machine] == name)
                    return machine;
            }
            return null;
        }
    }

    private static ulong CommonHeight(IReadOnlyList<ShareTree> chains)
    {
        ulong height = chains.Min(chain => chain.Tip.Height);
        while (height > 0 && chains.Any(chain => chain.AtHeight(height)?.Id != chains[0].AtHeight(height)?.Id))
            height--;
        return height;
    }

    private static HashSet<Hash256> Credited(ShareTree chain, ulong common)
    {
        HashSet<Hash256> credited = [];
        for (ulong height = chain.Root.Height + 1; height <= common; height++)
        {
            Link link = chain.AtHeight(height)!;
            credited.Add(link.Id);
            credited.UnionWith(link.Share.Header.Uncles);
        }
        return credited;
    }

    /// <summary>
    /// Shares that their finder told of and that no disk has: it could not place them, as under a parent that it had given up. A share on a
    /// disk without a line is one whose finder was killed before it could tell.
    /// </summary>
    private static IEnumerable<FoundShare> LoggedOnly(IReadOnlyList<string> output, IEnumerable<FoundShare> stored)
    {
        ILookup<(int, ulong, double), FoundShare> kept = stored.ToLookup(share => (share.Machine, share.Height, share.Difficulty));
        IEnumerable<FoundShare> logged = from line in output
                                         let match = ShareLine().Match(line)
                                         where match.Success
                                         select new FoundShare(
                                             int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), ulong.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture),
                                             double.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture), Holders: 0, IsCredited: false);
        return logged.GroupBy(share => (share.Machine, share.Height, share.Difficulty)).SelectMany(group => group.Skip(kept[group.Key].Count()));
    }

    [GeneratedRegex("^([0-9]+): .*Share (?:accepted|came late): link ([0-9]+), difficulty ([0-9]+)")]
    private static partial Regex ShareLine();

    [GeneratedRegex("Share rejected by the chain|computed a wrong hash|does not fit into a share")]
    private static partial Regex RejectedLine();
}
