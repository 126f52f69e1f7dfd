namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>A block that a node of a fleet found.</summary>
/// <param name="Id">In hex.</param>
/// <param name="Height">Of Monero's chain.</param>
/// <param name="IsOnChain">False when another one took its place, because it was faster.</param>
internal sealed record ClusterBlock(string Id, ulong Height, bool IsOnChain)
{
    /// <summary>Every block that a node says it found, once a daemon knows it.</summary>
    /// <exception cref="MachineException">One is lost.</exception>
    public static async Task<IReadOnlyList<ClusterBlock>> AllOfAsync(Fleet fleet, params MachineDaemon[] daemons)
    {
        List<ClusterBlock> blocks = [];
        foreach ((string id, ulong height) in fleet.Output.Where(line => line.Contains("Found block", StringComparison.Ordinal)).Select(Read).Distinct())
            blocks.Add(new ClusterBlock(id, height, await IsOnChainAsync(fleet, daemons, id)));
        return blocks;
    }

    private static async Task<bool> IsOnChainAsync(Fleet fleet, MachineDaemon[] daemons, string id)
    {
        bool?[] known = [];
        await Wait.UntilAsync(
            async () => (known = await Task.WhenAll(daemons.Select(daemon => daemon.IsOnChainAsync(id)))).Any(isOnChain => isOnChain is not null),
            () => $"block {id} is lost; {string.Join('\n', fleet.Output.Where(line => line.Contains(id, StringComparison.Ordinal)))}");
        return known.Any(isOnChain => isOnChain == true);
    }

    /// <summary>… Found block ID at height HEIGHT</summary>
    private static (string Id, ulong Height) Read(string line)
    {
        string[] words = line.Split(' ', '(', ')', ',', ':');
        int id = Array.FindIndex(words, word => word.Length == 64);
        return (words[id], ulong.Parse(words[id + 3], System.Globalization.CultureInfo.InvariantCulture));
    }
}
