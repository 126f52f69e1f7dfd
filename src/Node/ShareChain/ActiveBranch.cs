namespace P2PMiner.Node.ShareChain;

/// <summary>The branch from the root to the tip, by height. Belongs to <see cref="ShareTree"/>, which locks.</summary>
internal sealed class ActiveBranch(Link root)
{
    private readonly List<Link> _links = [root];

    public Link Root => _links[0];

    public Link Tip => _links[^1];

    /// <summary>Null above the tip and below the root.</summary>
    public Link? AtHeight(ulong height) => height < Root.Height || height > Tip.Height ? null : _links[(int)(height - Root.Height)];

    /// <summary>Takes as many steps as <paramref name="tip"/>'s branch has links of its own.</summary>
    public void SwitchTo(Link tip)
    {
        var added = new Stack<Link>();
        Link link = tip;
        for (; AtHeight(link.Height) != link; link = link.Parent!)
            added.Push(link);
        int kept = (int)(link.Height - Root.Height) + 1;
        _links.RemoveRange(kept, _links.Count - kept);
        _links.AddRange(added);
    }

    /// <summary>Makes the link at <paramref name="height"/> the root.</summary>
    public void CutBelow(ulong height)
    {
        _links.RemoveRange(0, (int)(height - Root.Height));
        Root.MakeRoot();
    }
}
