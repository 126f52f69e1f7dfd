using System.Text;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Node.ShareChain;

/// <summary>
/// The first link of a cluster's chain. It follows from the cluster's name alone, so that all of the cluster's nodes
/// have the same one and links of another cluster fit nowhere. It has no proof of work.
/// </summary>
internal static class Genesis
{
    /// <summary>2020-01-01T00:00:00Z: before any clock that is right, as the chain's time never runs before it.</summary>
    public const ulong Timestamp = 1577836800;

    private static ReadOnlySpan<byte> Domain => "p2p-miner/cluster/2\0"u8;

    /// <summary>
    /// Height 0, zero parent, zero key, least difficulty; the miner id is Keccak-256 of <c>"p2p-miner/cluster/2"</c>, a
    /// zero byte and the name in UTF-8.
    /// </summary>
    public static Share Of(string clusterName)
    {
        byte[] preimage = [.. Domain, .. Encoding.UTF8.GetBytes(clusterName)];
        var header = new ShareHeader
        {
            Parent = Hash256.Zero,
            Height = 0,
            Timestamp = Timestamp,
            Difficulty = LinkDifficulty.Minimum,
            CumulativeDifficulty = LinkDifficulty.Minimum,
            Key = Hash256.Zero,
            ExtraNonce = 0,
            Miner = new MinerId(Keccak256.Hash(preimage).ToArray()),
        };
        return Share.Embedded(header, nonce: 0);
    }
}
