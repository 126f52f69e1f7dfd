using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>
/// The RandomX keys of Monero blocks under which a tree has links. They are as known as the links are checked: whoever keeps the links
/// can have others check them only by naming their keys, also when the last daemon that named them is long gone.
/// </summary>
internal sealed class LinkKeys
{
    private readonly Dictionary<Hash256, int> _links = [];

    /// <summary>The keys of the most links first.</summary>
    public IReadOnlyList<Hash256> All => [.. _links.OrderByDescending(pair => pair.Value).Select(pair => pair.Key)];

    public bool Contains(Hash256 key) => _links.ContainsKey(key);

    public void Add(Share share)
    {
        if (share.Proof is MoneroProof)
            _links[share.Header.Key] = _links.GetValueOrDefault(share.Header.Key) + 1;
    }

    /// <summary>Counts anew, after links went.</summary>
    public void Recount(IEnumerable<Link> links)
    {
        _links.Clear();
        foreach (Link link in links)
            Add(link.Share);
    }
}
