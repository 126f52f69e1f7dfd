using System.Security.Cryptography;
using System.Text;
using P2PMiner.Mining;
using P2PMiner.Node.Configuration;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.PrivateNetwork;

namespace P2PMiner.Node.Cluster;

/// <summary>
/// Which cluster: its name and, unless it is open to the local network, its key. Everything that keeps clusters apart
/// follows from the two.
/// </summary>
/// <param name="name">As <see cref="Configuration.OptionText.Cluster"/> takes it.</param>
/// <param name="key">Null for an open cluster.</param>
internal sealed class ClusterId(string name, PreSharedKey? key)
{
    /// <summary>Digits of <see cref="Tag"/>.</summary>
    private const int TagLength = 16;

    private static ReadOnlySpan<byte> Domain => "p2p-miner/cluster/1\0"u8;

    public string Name => name;

    public PreSharedKey? Key => key;

    /// <summary>The cluster that the options name.</summary>
    /// <exception cref="UsageException">The key file cannot be used.</exception>
    public static ClusterId Of(NodeOptions options) =>
        new(options.Cluster, options.ClusterKey is string path ? ClusterKeyFile.Read(path) : null);

    /// <summary>Heartbeats.</summary>
    public string StatusTopic => $"/p2p-miner/{name}/status/1";

    /// <summary>New shares.</summary>
    public string SharesTopic => $"/p2p-miner/{name}/shares/1";

    /// <summary>Jobs of nodes with a source.</summary>
    public string JobsTopic => $"/p2p-miner/{name}/jobs/1";

    /// <summary>
    /// Hexadecimal digits that tell clusters apart, also those of one name and different keys; they say nothing of the key.
    /// </summary>
    public string Tag { get; } = TagOf(name, key);

    /// <summary>Nodes look for others by multicast DNS under this name, so that those of other clusters are not even seen.</summary>
    public string MdnsService => $"_p2p-{Tag}._udp.local";

    /// <summary>What nodes of the cluster provide in the DHT.</summary>
    public Multihash ProviderKey { get; } = Multihash.Sha256(Preimage(name));

    /// <summary>What hosts of the dataset of a RandomX key provide in the DHT.</summary>
    public Multihash DatasetKey(Hash256 key)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        key.CopyTo(bytes);
        return Multihash.Sha256([.. Preimage(name), 0, .. bytes]);
    }

    private static byte[] Preimage(string name) => [.. Domain, .. Encoding.UTF8.GetBytes(name)];

    private static string TagOf(string name, PreSharedKey? key)
    {
        byte[] preimage = [.. Preimage(name), 0, .. key is null ? [] : key.Bytes];
        return Convert.ToHexStringLower(SHA256.HashData(preimage))[..TagLength];
    }
}
