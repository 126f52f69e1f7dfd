using System.Globalization;
using System.Text.RegularExpressions;
using P2PMiner.P2P.Tests.Mdns;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>What became of the blocks that nodes found, by the chains of all daemons.</summary>
/// <param name="All">Blocks that a node said it had found.</param>
/// <param name="Twice">Times that one of them was found again.</param>
/// <param name="Foreign">Blocks in the place of one of these that no node said it had found: it was killed before it could.</param>
internal sealed partial record FoundBlocks(IReadOnlyList<SettledBlock> All, int Twice, int Foreign)
{
    public override string ToString() => $"{Of(All)}, {Foreign} of whose places have blocks that nobody told of";

    public static string Of(IReadOnlyCollection<SettledBlock> blocks)
    {
        int onChain = blocks.Count(block => block.IsOnChain);
        return $"{blocks.Count} blocks found, {onChain} on the chain, {blocks.Count - onChain} late";
    }

    /// <summary>
    /// Waits until every block is known to a daemon, all daemons have one chain, and each block is on it or another one in its place.
    /// </summary>
    /// <param name="output">Of all nodes; blocks that are found from now on do not count.</param>
    /// <param name="machines">Of all daemons that there are.</param>
    /// <exception cref="MachineException">A block is lost, or the daemons do not agree.</exception>
    public static async Task<FoundBlocks> SettleAsync(IReadOnlyList<string> output, IReadOnlyList<NetworkNamespace> machines)
    {
        (string Id, ulong Height)[] told = [.. output.Select(line => FoundLine().Match(line)).Where(match => match.Success).Select(Read)];
        (string Id, ulong Height)[] found = [.. told.Distinct()];
        DaemonChain[] daemons = [.. machines.Select(machine => new DaemonChain(machine))];
        try
        {
            await UntilKnownAsync(found, daemons, output);
            string[] places = await PlacesAsync(found, daemons, output);
            HashSet<string> ids = [.. found.Select(block => block.Id)];
            return new FoundBlocks(
                [.. found.Zip(places, (block, place) => new SettledBlock(block.Height, place == block.Id))], told.Length - found.Length,
                places.Count(place => !ids.Contains(place)));
        }
        finally
        {
            foreach (DaemonChain daemon in daemons)
                daemon.Dispose();
        }
    }

    private static Task UntilKnownAsync((string Id, ulong Height)[] found, DaemonChain[] daemons, IReadOnlyList<string> output)
    {
        List<string> unknown = [.. found.Select(block => block.Id)];
        return Wait.UntilAsync(
            async () =>
            {
                foreach (string block in unknown.ToArray())
                {
                    if ((await Task.WhenAll(daemons.Select(daemon => daemon.KnowsAsync(block)))).Contains(true))
                        unknown.Remove(block);
                }
                return unknown.Count == 0;
            },
            () => $"{unknown.Count} blocks are lost: {Told(output, unknown)}");
    }

    /// <summary>The block that all daemons have at the height of each, once their chains are one.</summary>
    private static async Task<string[]> PlacesAsync((string Id, ulong Height)[] found, DaemonChain[] daemons, IReadOnlyList<string> output)
    {
        List<string> places = [];
        string open = "";
        await Wait.UntilAsync(
            async () =>
            {
                places.Clear();
                string[] tops = await Task.WhenAll(daemons.Select(daemon => daemon.TopAsync()));
                open = $"the daemons' chains end in {string.Join(" and ", tops)}";
                if (tops.Distinct().Count() > 1)
                    return false;
                foreach ((string id, ulong height) in found)
                {
                    string?[] ids = await Task.WhenAll(daemons.Select(daemon => daemon.IdAtAsync(height)));
                    open = $"at height {height} the daemons have {string.Join(" and ", ids.Select(place => place ?? "nothing"))}: {Told(output, [id])}";
                    if (ids[0] is not string place || ids.Any(other => other != place))
                        return false;
                    places.Add(place);
                }
                return true;
            },
            () => open);
        return [.. places];
    }

    private static (string Id, ulong Height) Read(Match line) => (line.Groups[1].Value, ulong.Parse(line.Groups[2].Value, CultureInfo.InvariantCulture));

    private static string Told(IReadOnlyList<string> output, IReadOnlyList<string> blocks) =>
        string.Join('\n', output.Where(line => blocks.Any(block => line.Contains(block, StringComparison.Ordinal))));

    [GeneratedRegex("Found block ([0-9a-f]{64}) at height ([0-9]+)")]
    private static partial Regex FoundLine();
}

/// <param name="Height">Of Monero's chain.</param>
/// <param name="IsOnChain">False when another block has its place, the same one on the chains of all daemons.</param>
internal sealed record SettledBlock(ulong Height, bool IsOnChain);
