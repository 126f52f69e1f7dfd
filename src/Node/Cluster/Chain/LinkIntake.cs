using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>Checks links that were asked for, and adds them to a tree.</summary>
/// <param name="prove">Checks proof of work.</param>
/// <param name="time">Clock.</param>
internal sealed class LinkIntake(ProofCheck prove, TimeProvider time)
{
    /// <summary>Adds links, parents first, until one cannot be added now.</summary>
    /// <returns>How many are in the tree now.</returns>
    /// <exception cref="ProtocolException">One is invalid, and would be for everyone.</exception>
    public async Task<int> TakeAsync(ShareTree tree, IReadOnlyList<Share> shares, CancellationToken cancellation)
    {
        for (int taken = 0; taken < shares.Count; taken++)
        {
            if (!await TakeAsync(tree, shares[taken], cancellation))
                return taken;
        }
        return shares.Count;
    }

    private async Task<bool> TakeAsync(ShareTree tree, Share share, CancellationToken cancellation)
    {
        ulong now = (ulong)Math.Max(0, time.GetUtcNow().ToUnixTimeSeconds());
        AddResult? place = tree.Check(share, now);
        if (place is null)
        {
            switch (await prove(share, cancellation))
            {
                case Proof.Invalid:
                    throw new ProtocolException($"link {share.Header.Height} of its chain has no proof of work");
                case Proof.Unknown:
                    return false;
                default:
                    place = tree.AddVerified(share, now);
                    break;
            }
        }
        return place.Value.Status switch
        {
            AddStatus.Added or AddStatus.NewTip or AddStatus.Duplicate => true,
            AddStatus.Invalid when IsWrongForAll(place.Value.Fault) =>
                throw new ProtocolException($"link {share.Header.Height} of its chain is invalid: {place.Value.Fault}"),
            _ => false,
        };
    }

    private static bool IsWrongForAll(ShareFault fault) =>
        fault is ShareFault.Height or ShareFault.Difficulty or ShareFault.CumulativeDifficulty or ShareFault.TimestampBeforeParent;
}
