using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>A share chain without work on the disks of nodes, as if they had checked it in an earlier run.</summary>
internal static class PreparedChain
{
    /// <summary>Puts the same chain into the homes of nodes.</summary>
    /// <param name="homes">Where the nodes keep their data.</param>
    /// <param name="length">Links above the genesis link; the last one is of now.</param>
    /// <param name="solveSeconds">Between two links: with none the difficulty rises, with the longest it stays the least.</param>
    public static void Put(IEnumerable<string> homes, ulong length, ulong solveSeconds)
    {
        string made = Directory.CreateTempSubdirectory("p2p-miner-chain-").FullName;
        try
        {
            Make(made, length, solveSeconds);
            foreach (string home in homes)
                CopyTo(made, Path.Combine(home, "p2p-miner"));
        }
        finally
        {
            Directory.Delete(made, recursive: true);
        }
    }

    private static void Make(string directory, ulong length, ulong solveSeconds)
    {
        var tree = new ShareTree(Genesis.Of("default"), (_, _) => throw new InvalidOperationException("what is on the disk was checked before"), _ => false);
        ulong start = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() - length * solveSeconds;
        using ChainStore store = ChainStore.Open(directory, tree, TimeProvider.System, NullLogger.Instance);
        for (ulong i = 1; i <= length; i++)
        {
            ulong now = start + i * solveSeconds;
            tree.AddVerified(tree.NextTemplate(new MinerId([1, 2, 3]), now).ToShare(0, 0), now);
        }
    }

    private static void CopyTo(string made, string directory)
    {
        foreach (string log in Directory.GetFiles(made, "*.log", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(directory, Path.GetRelativePath(made, log));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(log, copy);
        }
    }
}
