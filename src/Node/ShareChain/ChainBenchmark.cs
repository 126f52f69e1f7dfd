using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>How fast foreign links are validated when proof of work costs nothing.</summary>
internal static class ChainBenchmark
{
    /// <summary>
    /// Decodes, checks and adds one chain of <paramref name="links"/> embedded links from their bytes, as a node does
    /// that catches up; making the links is not counted.
    /// </summary>
    /// <param name="links">At least 1; more than <see cref="ShareTree.KeptLinks"/> includes pruning.</param>
    /// <param name="time">For its high-resolution timestamps.</param>
    /// <returns>Links per second.</returns>
    public static double LinksPerSecond(int links, TimeProvider time)
    {
        Share genesis = Genesis.Of("bench");
        byte[][] encoded = MakeChain(genesis, links);
        ShareTree tree = NewTree(genesis);
        long start = time.GetTimestamp();
        foreach (byte[] bytes in encoded)
        {
            if (!ShareCodec.TryDecode(bytes, out Share? share, out ShareCodecError error))
                throw new InvalidOperationException($"a link that was just made does not decode: {error}");
            AddResult result = tree.Add(share, share.Header.Timestamp);
            if (result.Status != AddStatus.NewTip)
                throw new InvalidOperationException($"a link that was just made is not accepted: {result}");
        }
        return links / time.GetElapsedTime(start).TotalSeconds;
    }

    private static byte[][] MakeChain(Share genesis, int links)
    {
        ShareTree tree = NewTree(genesis);
        var miner = new MinerId(new byte[38]);
        var encoded = new byte[links][];
        ulong now = Genesis.Timestamp;
        for (int i = 0; i < links; i++)
        {
            now += LinkDifficulty.TargetSeconds;
            Share share = tree.NextTemplate(miner, now).ToShare(extraNonce: 0, nonce: 0);
            tree.AddVerified(share, now);
            encoded[i] = ShareCodec.Encode(share);
        }
        return encoded;
    }

    private static ShareTree NewTree(Share genesis) => new(genesis, (_, _) => Hash256.Zero, _ => false);
}
