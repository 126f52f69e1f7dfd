using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>Checks links that were asked for, and adds them to a tree.</summary>
/// <param name="prove">Checks proof of work.</param>
/// <param name="time">Clock.</param>
internal sealed class LinkIntake(ProofCheck prove, TimeProvider time)
{
    /// <summary>Adds links, parents first, each after the uncles that it names, until one cannot be added now.</summary>
    /// <param name="tree">Where to.</param>
    /// <param name="shares">The links.</param>
    /// <param name="uncles">Their uncles that are not known yet, as far as they could be had.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How many of the links are in the tree now.</returns>
    /// <exception cref="ProtocolException">One is invalid, and would be for everyone.</exception>
    public async Task<int> TakeAsync(ShareTree tree, IReadOnlyList<Share> shares, IEnumerable<Share> uncles, CancellationToken cancellation)
    {
        var before = new Queue<Share>(uncles.OrderBy(uncle => uncle.Header.Height));
        for (int taken = 0; taken < shares.Count; taken++)
        {
            while (before.TryPeek(out Share? uncle) && uncle.Header.Height < shares[taken].Header.Height)
                await TakeAsync(tree, before.Dequeue(), cancellation);
            if (!await TakeAsync(tree, shares[taken], cancellation))
                return taken;
        }
        return shares.Count;
    }

    private async Task<bool> TakeAsync(ShareTree tree, Share share, CancellationToken cancellation)
    {
        AddResult? place = tree.Check(share);
        if (place is null)
        {
            switch (await prove(share, cancellation))
            {
                case Proof.Invalid:
                    throw new ProtocolException($"link {share.Header.Height} of its chain has no proof of work");
                case Proof.Unknown:
                    return false;
                default:
                    place = tree.AddVerified(share, (ulong)Math.Max(0, time.GetUtcNow().ToUnixTimeSeconds()), isNew: false);
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
        fault is ShareFault.Height or ShareFault.Difficulty or ShareFault.CumulativeDifficulty or ShareFault.TimestampBeforeParent
            or ShareFault.Uncle;
}
