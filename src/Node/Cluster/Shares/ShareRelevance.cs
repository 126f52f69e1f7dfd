using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Cluster.Shares;

/// <summary>
/// Which shares that come by gossip are worth a hash, and which prove who found them. A child of an old link fits the chain like any other and
/// may cost next to nothing to find, but nothing comes of it: it is too far down for an uncle, and a branch that is to win is caught up on.
/// </summary>
internal static class ShareRelevance
{
    /// <summary>Links below the tip: what was found while shares came one after the other is an uncle up to three links down.</summary>
    public const ulong Depth = 2 * UncleRules.Depth;

    /// <summary>Shares that took less than this part of what the next link takes lead nowhere, even in the first seconds of a chain.</summary>
    public const uint LeastPart = 64;

    /// <summary>
    /// Who found one that took less than this part of what the next link takes has not proved himself by it. Standing that was gained stays
    /// until the next link takes <see cref="LeastPart"/> times as much.
    /// </summary>
    public const uint ProvingPart = 4;

    /// <summary>Whether a share can become an uncle, or the end of a branch that outweighs all others.</summary>
    public static bool Matters(ShareHeader header, Link tip) =>
        header.CumulativeDifficulty > tip.CumulativeDifficulty || (header.Height + Depth >= tip.Height && header.Difficulty >= tip.ChildDifficulty / LeastPart);

    /// <summary>Whether a valid share took so much work that its finder is no stranger.</summary>
    public static bool Proves(ShareHeader header, Link tip) => header.Difficulty >= tip.ChildDifficulty / ProvingPart;
}
