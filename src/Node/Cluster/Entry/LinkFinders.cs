using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Entry;

/// <summary>
/// Who found links of the share chain is no stranger: their work was checked when they came, whoever brought them. Otherwise a node that
/// has just started, or caught up, would take all members for strangers, and have no time for their jobs until each found a share. Thread-safe.
/// </summary>
internal sealed class LinkFinders(ShareTree tree, Standing standing)
{
    private readonly Lock _lock = new();
    private Hash256 _seen;

    /// <summary>Looks at the links that are new, as far back as contributions count.</summary>
    public void Look()
    {
        lock (_lock)
        {
            Link tip = tree.Tip;
            Link? link = tip;
            for (int i = 0; i < Contributions.Window && link is not null && link.Id != _seen; i++)
            {
                ShareHeader header = link.Share.Header;
                if (ShareRelevance.Proves(header, tip) && PeerId.TryDecode(header.Miner.Span, out PeerId? finder))
                    standing.Prove(finder, header.Difficulty);
                tree.TryGet(header.Parent, out link);
            }
            _seen = tip.Id;
        }
    }
}
