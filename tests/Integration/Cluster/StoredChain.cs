using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>The share chain of a node as its disk has it, while the node goes on writing or after it was killed.</summary>
internal static class StoredChain
{
    /// <summary>Reads a copy: the node has the file itself to itself.</summary>
    /// <param name="dataDirectory">Of the node.</param>
    /// <param name="cluster">Its name.</param>
    /// <returns>With nothing but the genesis link where there is no file yet.</returns>
    public static ShareTree Read(string dataDirectory, string cluster)
    {
        ShareTree tree = new(Genesis.Of(cluster), (_, _) => throw new InvalidOperationException("what is on the disk was checked before"), _ => false);
        string file = Path.Combine("chain", $"{tree.GenesisId}.log");
        if (!File.Exists(Path.Combine(dataDirectory, file)))
            return tree;
        string copy = Directory.CreateTempSubdirectory("p2p-miner-copy-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(copy, "chain"));
            File.Copy(Path.Combine(dataDirectory, file), Path.Combine(copy, file));
            ChainStore.Open(copy, tree, TimeProvider.System, NullLogger.Instance).Dispose();
            return tree;
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }
}
