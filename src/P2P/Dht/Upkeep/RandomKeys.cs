using P2PMiner.P2P.Dht.Routing;

namespace P2PMiner.P2P.Dht.Upkeep;

/// <summary>Keys in the form of peer ids that fall into a wanted bucket; they have to be found by trying, for points are hashes.</summary>
internal static class RandomKeys
{
    /// <summary>Longest prefix tried for, 2^16 hashes on average; the lookup of ourselves reaches what lies deeper.</summary>
    internal const int MaxPrefixLength = 15;

    private const int DigestSize = 32;

    /// <summary>A SHA-256 multihash whose point shares exactly so many leading bits with ours.</summary>
    internal static byte[] In(KadKey local, int prefixLength, Random random)
    {
        byte[] key = [0x12, DigestSize, .. new byte[DigestSize]];
        do
        {
            lock (random)
                random.NextBytes(key.AsSpan(2));
        }
        while (KadKey.Of(key).CommonPrefixLength(local) != prefixLength);
        return key;
    }
}
