using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster.Entry;

/// <summary>Who is proven by the links of the chain.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class LinkFindersTests
{
    private readonly ShareTree _tree = TestChain.NewTree();
    private readonly Standing _standing = new();

    [Test]
    public void FinderOfALinkThatWasThereBefore_IsProven()
    {
        PeerId finder = Peer(1);
        Find(finder);
        TestChain.Grow(_tree, 3);
        new LinkFinders(_tree, _standing).Look();
        Assert.That(_standing.IsProven(finder), Is.True);
        Assert.That(_standing.IsProven(Peer(2)), Is.False);
    }

    [Test]
    public void WhoWasCaughtAtSomething_IsNotProvenAgainByHisOldLinks_ButByNewOnes()
    {
        PeerId finder = Peer(1);
        LinkFinders finders = new(_tree, _standing);
        Find(finder);
        finders.Look();
        _standing.Lose(finder);
        TestChain.Grow(_tree, 3);
        finders.Look();
        Assert.That(_standing.IsProven(finder), Is.False);
        Find(finder);
        finders.Look();
        Assert.That(_standing.IsProven(finder), Is.True);
    }

    [Test]
    public void FinderOfALinkThatTookLittle_OrOfOneThatIsTooOld_IsNotProven()
    {
        PeerId early = Peer(1), old = Peer(2);
        Find(early);
        TestChain.Grow(_tree, 60, solveSeconds: 1);
        Assert.That(ShareRelevance.Proves(_tree.AtHeight(1)!.Share.Header, _tree.Tip), Is.False);
        Find(old);
        Link last = _tree.Tip;
        TestChain.Grow(_tree, Contributions.Window);
        Assert.That(ShareRelevance.Proves(last.Share.Header, _tree.Tip), Is.True);
        new LinkFinders(_tree, _standing).Look();
        Assert.That(_standing.IsProven(early), Is.False);
        Assert.That(_standing.IsProven(old), Is.False);
    }

    private static PeerId Peer(byte number) => PeerId.FromEd25519([.. Enumerable.Repeat(number, 32)]);

    private void Find(PeerId finder)
    {
        ShareHeader header = TestChain.ChildHeader(_tree.Tip) with { Miner = new MinerId(finder.Bytes) };
        Assert.That(_tree.Add(Share.Embedded(header, 0), header.Timestamp).Status, Is.EqualTo(AddStatus.NewTip));
    }
}
