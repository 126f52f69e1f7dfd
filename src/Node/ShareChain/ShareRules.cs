using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>What a share has to say to be valid in its place; docs/share-chain.md lists all the rules.</summary>
internal static class ShareRules
{
    /// <param name="share">The share.</param>
    /// <param name="parent">Its parent.</param>
    /// <param name="isKnownKey">Whether a key is that of a Monero job that is known here.</param>
    public static ShareFault FaultOf(Share share, Link parent, Predicate<Hash256> isKnownKey)
    {
        ShareHeader header = share.Header;
        if (header.Height == 0 || header.Height - 1 != parent.Height)
            return ShareFault.Height;
        if (header.Timestamp < parent.Timestamp)
            return ShareFault.TimestampBeforeParent;
        if (header.Difficulty != parent.ChildDifficulty)
            return ShareFault.Difficulty;
        if (header.Difficulty > UInt128.MaxValue - parent.CumulativeDifficulty
            || header.CumulativeDifficulty != parent.CumulativeDifficulty + header.Difficulty)
        {
            return ShareFault.CumulativeDifficulty;
        }
        bool keyFits = share.Proof is EmbeddedProof ? header.Key == parent.ChildKey : isKnownKey(header.Key);
        return keyFits ? ShareFault.None : ShareFault.Key;
    }
}
