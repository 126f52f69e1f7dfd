using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>Asks for the uncles that links name, and for those that these name, as far as they are not known here.</summary>
internal static class UncleFetch
{
    /// <summary>Of one page; a healthy chain has one in a hundred links.</summary>
    private const int MaxUncles = UncleIds.Max * ChainProtocol.MaxLinks;

    /// <param name="client">Asks who sent the links.</param>
    /// <param name="tree">What is known.</param>
    /// <param name="shares">The links.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What the other has of them, unchecked.</returns>
    /// <exception cref="IOException">The stream broke, or the answer breaks the protocol.</exception>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public static async Task<IReadOnlyList<Share>> FetchAsync(
        ChainClient client, ShareTree tree, IReadOnlyList<Share> shares, CancellationToken cancellation)
    {
        HashSet<Hash256> known = [.. shares.Select(share => share.Id)];
        List<Share> uncles = [];
        Hash256[] wanted = Unknown(shares);
        while (wanted.Length > 0)
        {
            List<Share> found = [];
            foreach (Hash256[] ids in wanted.Chunk(ChainProtocol.MaxIds))
                found.AddRange(await AskAsync(client, ids, cancellation));
            uncles.AddRange(found);
            wanted = Unknown(found);
        }
        return uncles;

        Hash256[] Unknown(IReadOnlyList<Share> links) =>
        [
            .. links.SelectMany(link => tree.MissingFor(link.Header).Where(id => id != link.Header.Parent)).Where(known.Add).Take(MaxUncles - uncles.Count),
        ];
    }

    private static async Task<IReadOnlyList<Share>> AskAsync(ChainClient client, Hash256[] ids, CancellationToken cancellation)
    {
        if (await client.AskForAsync(ids, cancellation) is not { } page)
            return [];
        IReadOnlyList<Share> shares = ChainProtocol.ReadLinks(page);
        return shares.Count <= ids.Length && shares.All(share => ids.Contains(share.Id)) ? shares : throw new ProtocolException("a link that was not asked for");
    }
}
