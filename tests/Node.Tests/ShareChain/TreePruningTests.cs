using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

public class TreePruningTests
{
    private const int Kept = (int)ShareTree.KeptLinks;
    private const int Epoch = (int)SeedHeight.EpochLength;

    [Test]
    public void Root_FollowsTheTipInWholeEpochs()
    {
        ShareTree tree = TestChain.NewTree();
        TestChain.Grow(tree, Kept + Epoch - 1);
        Assert.That(tree.Root.Height, Is.Zero);

        TestChain.Grow(tree, 1);

        Assert.That(tree.Root.Height, Is.EqualTo(Epoch));
        Assert.That(tree.Root.Parent, Is.Null);
        Assert.That(tree.Count, Is.EqualTo(Kept + 1));
        Assert.That(tree.AtHeight(Epoch - 1), Is.Null);
        Assert.That(tree.AtHeight(Epoch), Is.SameAs(tree.Root));
        Assert.That(tree.AtHeight(Epoch + 5)!.Height, Is.EqualTo(Epoch + 5));
    }

    [Test]
    public void LongChain_StaysWithinItsBounds()
    {
        ShareTree tree = TestChain.NewTree();
        for (int i = 0; i < 40; i++)
        {
            TestChain.Grow(tree, 1000);
            Assert.That(tree.Count, Is.LessThanOrEqualTo(Kept + Epoch));
        }
        Assert.That(tree.Tip.Height, Is.EqualTo(40_000));
    }

    [Test]
    public void SideBranches_GoWithTheirForkPoint()
    {
        ShareTree tree = TestChain.NewTree();
        TestChain.Grow(tree, 10);
        Link oldBranch = TestChain.Extend(tree, tree.AtHeight(5)!, extraNonce: 1);
        TestChain.Grow(tree, Kept);
        Link newBranch = TestChain.Extend(tree, tree.AtHeight(Epoch + 5)!, extraNonce: 1);
        TestChain.Grow(tree, Epoch);

        Assert.That(tree.Root.Height, Is.EqualTo(Epoch));
        Assert.That(tree.TryGet(oldBranch.Id, out _), Is.False);
        Assert.That(tree.TryGet(newBranch.Id, out _));
        Assert.That(
            tree.AddVerified(oldBranch.Share, long.MaxValue), Is.EqualTo(AddResult.Invalid(ShareFault.BelowRoot)));
    }

    [Test]
    public void LightestBranches_GoWhenThereAreTooManyLinks()
    {
        ShareTree tree = TestChain.NewTree();
        TestChain.Grow(tree, 100);
        Link[] active = [.. Enumerable.Range(0, 101).Select(height => tree.AtHeight((ulong)height)!)];
        Link heavySide = TestChain.Extend(tree, active[99], solveSeconds: 12);
        int largest = 0;
        for (int i = 0; i < ShareTree.MaxLinks + 1000; i++)
        {
            tree.AddVerified(TestChain.Child(active[i % 90], extraNonce: (ulong)i + 1), active[^1].Timestamp);
            largest = Math.Max(largest, tree.Count);
        }

        Assert.That(largest, Is.EqualTo(ShareTree.MaxLinks));
        Assert.That(tree.TryGet(heavySide.Id, out _));
        foreach (Link link in active)
            Assert.That(tree.TryGet(link.Id, out Link? found) && found == link, $"height {link.Height}");
        foreach (Link link in tree.Export().Skip(1))
            Assert.That(tree.TryGet(link.Share.Header.Parent, out _), "no link without its parent");
        TestChain.Grow(tree, 10);
        Assert.That(tree.Tip.Height, Is.EqualTo(110));
    }

    [Test]
    public void WholeOtherChain_TakesOverWhenItIsHeavier()
    {
        ShareTree ours = TestChain.NewTree();
        TestChain.Grow(ours, 9000, solveSeconds: 10);
        ShareTree theirs = TestChain.NewTree();
        TestChain.Grow(theirs, 9500, solveSeconds: 9);

        foreach (Link link in theirs.Export().Skip(1))
            ours.AddVerified(link.Share, long.MaxValue);

        Assert.That(ours.Tip.Id, Is.EqualTo(theirs.Tip.Id));
        Assert.That(ours.AtHeight(1)!.Id, Is.EqualTo(theirs.AtHeight(1)!.Id));
    }

    [Test]
    public void Export_ListsParentsBeforeChildren()
    {
        ShareTree tree = TestChain.NewTree();
        TestChain.Grow(tree, 50);
        TestChain.Extend(tree, tree.AtHeight(20)!, extraNonce: 1);

        var seen = new HashSet<Link>();
        foreach (Link link in tree.Export())
        {
            Assert.That(link.Parent is null || seen.Contains(link.Parent));
            seen.Add(link);
        }
        Assert.That(seen, Has.Count.EqualTo(tree.Count));
    }

    [Test]
    public void RestoredRoot_HasToBeASeedLinkOfAnEmptyTree()
    {
        ShareTree source = TestChain.NewTree();
        TestChain.Grow(source, 2048);
        Link seed = source.Tip;
        ShareTree tree = TestChain.NewTree();

        Assert.That(tree.TryRestoreRoot(seed.Parent!), Is.False, "not at a seed height");
        Assert.That(tree.TryRestoreRoot(new Link(seed.Share, seed.ChildKey, seed.ChildDifficulty)));
        Assert.That(tree.Tip.Id, Is.EqualTo(seed.Id));
        Assert.That(tree.TryRestoreRoot(new Link(seed.Share, seed.ChildKey, seed.ChildDifficulty)), Is.False, "there is one");
        TestChain.Grow(tree, 100);
        TestChain.Grow(source, 100);
        Assert.That(tree.Tip.Id, Is.EqualTo(source.Tip.Id));
    }

    [Test]
    public void Benchmark_ValidatesAPrunedChain()
    {
        Assert.That(ChainBenchmark.LinksPerSecond(Kept + 2 * Epoch, TimeProvider.System), Is.GreaterThan(0));
    }
}
