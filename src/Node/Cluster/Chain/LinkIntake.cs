using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>
/// Checks links that were asked for, and adds them to a tree. Everything cheap is checked before a link is hashed, and links are
/// hashed several at once, which takes a fraction of the time: at first one, then twice as many as before. So whoever sends links
/// without work makes others hash no more than twice of what he has hashed himself, and one.
/// </summary>
/// <param name="prove">Checks proof of work.</param>
/// <param name="time">Clock.</param>
internal sealed class LinkIntake(ProofCheck prove, TimeProvider time)
{
    /// <summary>Links that are hashed together at first, and at most: new shares of others wait no longer than these take.</summary>
    public const int FirstTogether = 1, MaxTogether = 32;

    /// <summary>
    /// Of links that got into a tree which came to nothing, those that count as checked in vain: that costs who sent them more than us, and
    /// befalls honest peers as well whose connection breaks.
    /// </summary>
    public const int MaxForNothing = 32;

    /// <summary>Proofs that were checked since the start for links that did not get into a tree.</summary>
    public int ProofsInVain { get; private set; }

    /// <summary>The last share that could not be checked because its key is not known here; null if all keys were known lately.</summary>
    public Share? OfUnknownKey { get; private set; }

    /// <summary>Links and uncles that were not in the tree before.</summary>
    public int Added { get; private set; }

    /// <summary>Takes note of links whose tree came to nothing.</summary>
    public void CountInVain(int links) => ProofsInVain += Math.Min(links, MaxForNothing);

    /// <summary>Adds links, parents first, each after the uncles that it names, until one cannot be added now.</summary>
    /// <param name="tree">Where to.</param>
    /// <param name="shares">The links.</param>
    /// <param name="uncles">Their uncles that are not known yet, as far as they could be had.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How many of the links are in the tree now.</returns>
    /// <exception cref="ProtocolException">One is invalid, and would be for everyone.</exception>
    public async Task<int> TakeAsync(ShareTree tree, IReadOnlyList<Share> shares, IEnumerable<Share> uncles, CancellationToken cancellation)
    {
        List<Share> all = InOrder(shares, uncles);
        OfUnknownKey = null;
        int taken = 0;
        int together = FirstTogether;
        for (int done = 0; done < all.Count;)
        {
            List<Share> next = all.GetRange(done, Math.Min(together, all.Count - done));
            Proof[] proofs = await Task.WhenAll(next.Take(tree.CountProvable(next)).Select(share => prove(share, cancellation)));
            ProofsInVain += proofs.Count(proof => proof != Proof.Unknown);

            // What lacks more than its proof is looked at alone, when those before it are in the tree.
            for (int i = 0; i < Math.Max(1, proofs.Length); i++, done++)
            {
                bool isIn = Take(tree, next[i], i < proofs.Length ? proofs[i] : Proof.Unknown);
                if (isIn && i < proofs.Length)
                    ProofsInVain--;
                if (taken == shares.Count || next[i].Id != shares[taken].Id)
                    continue;
                if (!isIn)
                    return taken;
                taken++;
            }
            together = Math.Min(2 * together, MaxTogether);
        }
        return taken;
    }

    /// <summary>Each uncle before the first link that is higher.</summary>
    private static List<Share> InOrder(IReadOnlyList<Share> shares, IEnumerable<Share> uncles)
    {
        var before = new Queue<Share>(uncles.OrderBy(uncle => uncle.Header.Height));
        List<Share> all = new(shares.Count + before.Count);
        foreach (Share share in shares)
        {
            while (before.TryPeek(out Share? uncle) && uncle.Header.Height < share.Header.Height)
                all.Add(before.Dequeue());
            all.Add(share);
        }
        return all;
    }

    /// <returns>Whether the share is in the tree now.</returns>
    private bool Take(ShareTree tree, Share share, Proof proof)
    {
        AddResult? place = tree.Check(share);
        if (place is null)
        {
            switch (proof)
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
        if (place.Value.Fault == ShareFault.Key && share.Proof is MoneroProof)
            OfUnknownKey = share;
        if (place.Value.Status is AddStatus.Added or AddStatus.NewTip)
            Added++;
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
