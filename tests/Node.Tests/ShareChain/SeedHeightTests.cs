using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

public class SeedHeightTests
{
    [TestCase(0UL, 0UL)]
    [TestCase(1UL, 0UL)]
    [TestCase(2048UL, 0UL)]
    [TestCase(2112UL, 0UL)]
    [TestCase(2113UL, 2048UL)]
    [TestCase(4160UL, 2048UL)]
    [TestCase(4161UL, 4096UL)]
    public void Of_FollowsMonerosRule(ulong height, ulong expected)
    {
        Assert.That(SeedHeight.Of(height), Is.EqualTo(expected));
    }

    [Test]
    public void Keys_ChangeEvery2048LinksWith64LinksNotice()
    {
        ShareTree tree = TestChain.NewTree();
        var ids = new List<Hash256> { tree.GenesisId };
        for (int i = 0; i < 2 * 2048 + 70; i++)
        {
            ulong height = tree.Tip.Height + 1;
            ShareTemplate template = tree.NextTemplate(TestChain.Alice, tree.Tip.Timestamp + 10);
            Assert.That(template.Header.Key, Is.EqualTo(ids[(int)SeedHeight.Of(height)]), $"height {height}");
            ulong announced = SeedHeight.Of(height + SeedHeight.Lag);
            Assert.That(template.NextKey, Is.EqualTo(announced == SeedHeight.Of(height) ? null : ids[(int)announced]), $"height {height}");
            TestChain.Grow(tree, 1);
            ids.Add(tree.Tip.Id);
        }
    }

    [Test]
    public void Keys_FollowTheLinksOwnBranch()
    {
        ShareTree tree = TestChain.NewTree();
        TestChain.Grow(tree, 2040);
        Link left = tree.Tip;
        Link right = tree.Tip;
        for (int i = 0; i < 80; i++)
        {
            left = TestChain.Extend(tree, left, extraNonce: 1);
            right = TestChain.Extend(tree, right, extraNonce: 2);
        }

        Assert.That(left.ChildKey, Is.EqualTo(left.AncestorAt(2048).Id));
        Assert.That(right.ChildKey, Is.EqualTo(right.AncestorAt(2048).Id));
        Assert.That(left.ChildKey, Is.Not.EqualTo(right.ChildKey));
    }
}
