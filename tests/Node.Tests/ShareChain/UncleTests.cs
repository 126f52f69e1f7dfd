using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

/// <summary>Late shares that later links have credited.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class UncleTests
{
    private readonly ShareTree _tree = TestChain.NewTree();

    [Test]
    public void Template_NamesLateShares_AndLaterOnesDoNotAgain()
    {
        TestChain.Grow(_tree, 3);
        Link late = TestChain.Extend(_tree, _tree.AtHeight(1)!, extraNonce: 1);
        Link fork = _tree.AtHeight(2) == late ? throw new InconclusiveException("chosen seeds") : _tree.AtHeight(1)!;
        Assert.That(late.Parent, Is.SameAs(fork));

        Link next = Mine();
        Assert.That(next.Share.Header.Uncles, Is.EqualTo(new[] { late.Id }));
        Assert.That(Mine().Share.Header.Uncles, Is.Empty);
        Assert.That(next.CumulativeDifficulty, Is.EqualTo(next.Parent!.CumulativeDifficulty + next.Share.Header.Difficulty), "uncles weigh nothing");
    }

    [TestCase(1, true)]
    [TestCase(3, true)]
    [TestCase(4, false)]
    public void Uncle_IsUpToThreeLinksBack(int back, bool isValid)
    {
        TestChain.Grow(_tree, 10);
        Link uncle = TestChain.Extend(_tree, _tree.AtHeight((ulong)(10 - back))!, solveSeconds: 11);
        ShareHeader header = TestChain.ChildHeader(_tree.AtHeight(10)!) with { Uncles = [uncle.Id] };

        Assert.That(header.Height - uncle.Height, Is.EqualTo(back));
        AssertFault(header, isValid ? ShareFault.None : ShareFault.Uncle);
        Assert.That(UncleRules.Available(_tree.AtHeight(10)!, header with { Uncles = [] }), Has.Count.EqualTo(isValid ? 1 : 0));
    }

    [Test]
    public void Uncle_IsNoAncestor_AndItsParentIsOne()
    {
        TestChain.Grow(_tree, 5);
        Link side = TestChain.Extend(_tree, _tree.AtHeight(3)!, extraNonce: 1);
        Link sideOfSide = TestChain.Extend(_tree, side, extraNonce: 1);
        Link tip = TestChain.Extend(_tree, TestChain.Extend(_tree, _tree.AtHeight(5)!));
        ShareHeader header = TestChain.ChildHeader(tip.Parent!);

        AssertFault(header with { Uncles = [_tree.AtHeight(5)!.Id] }, ShareFault.Uncle);
        AssertFault(header with { Uncles = [tip.Parent!.Id] }, ShareFault.Uncle);
        AssertFault(header with { Uncles = [tip.Id] }, ShareFault.Uncle);
        AssertFault(header with { Uncles = [sideOfSide.Id] }, ShareFault.Uncle);
        AssertFault(header with { Uncles = [side.Id] }, ShareFault.None);
        AssertFault(header with { Uncles = [side.Id, sideOfSide.Id] }, ShareFault.Uncle);
    }

    [Test]
    public void Uncle_IsNamedOncePerBranch_ButOnSeveralBranches()
    {
        TestChain.Grow(_tree, 3);
        Link tip = _tree.AtHeight(3)!;
        Link uncle = TestChain.Extend(_tree, _tree.AtHeight(2)!, solveSeconds: 11);
        Link naming = Add(TestChain.ChildHeader(tip) with { Uncles = [uncle.Id] });

        AssertFault(TestChain.ChildHeader(naming) with { Uncles = [uncle.Id] }, ShareFault.Uncle);
        AssertFault(TestChain.ChildHeader(tip) with { Uncles = [uncle.Id], ExtraNonce = 5 }, ShareFault.None);
    }

    [Test]
    public void Uncle_HasTheKeyOfTheLinkThatNamesIt()
    {
        TestChain.Grow(_tree, 3);
        Share monero = TestChain.MoneroShare(TestChain.ChildHeader(_tree.AtHeight(2)!) with { Key = TestChain.MoneroKey });
        Assert.That(_tree.AddVerified(monero, monero.Header.Timestamp).Status, Is.AnyOf(AddStatus.Added, AddStatus.NewTip));
        Link tip = _tree.AtHeight(3)!.Id == monero.Id ? _tree.AtHeight(2)!.Children.Single(link => link.Id != monero.Id) : _tree.AtHeight(3)!;
        ShareHeader header = TestChain.ChildHeader(tip);

        AssertFault(header with { Uncles = [monero.Id] }, ShareFault.Uncle);
        Share other = TestChain.MoneroShare(header with { Key = TestChain.MoneroKey, Uncles = [monero.Id] });
        Assert.That(_tree.Check(other), Is.Null);
    }

    [Test]
    public void UnknownUncle_IsMissingNotInvalid()
    {
        TestChain.Grow(_tree, 3);
        Hash256 unknown = Hash256.Parse(new string('e', 64));
        ShareHeader header = TestChain.ChildHeader(_tree.Tip) with { Uncles = [unknown] };

        Assert.That(_tree.Check(Share.Embedded(header, 0)), Is.EqualTo(new AddResult(AddStatus.UnknownUncle)));
        Assert.That(_tree.MissingFor(header), Is.EqualTo(new[] { unknown }));
        Assert.That(_tree.MissingFor(header with { Parent = unknown, Uncles = [] }), Is.EqualTo(new[] { unknown }));
    }

    [Test]
    public void Uncles_CountForTheNextDifficulty()
    {
        Assert.That((double)LinkDifficulty.Next(1_000_000, 20, uncles: 1), Is.EqualTo(1e6).Within(1e-3).Percent);
        Assert.That((double)LinkDifficulty.Next(1_000_000, 0, UncleIds.Max), Is.EqualTo(1e6 * Math.Pow(2, 90.0 / 64)).Within(0.02).Percent);
        Assert.That(LinkDifficulty.Next(LinkDifficulty.Maximum, 0, UncleIds.Max), Is.EqualTo(LinkDifficulty.Maximum));
        TestChain.Grow(_tree, 2);
        TestChain.Extend(_tree, _tree.AtHeight(1)!, extraNonce: 1);
        Link with = Mine();
        Assert.That(with.ChildDifficulty, Is.EqualTo(LinkDifficulty.Next(with.Share.Header.Difficulty, with.Timestamp - with.Parent!.Timestamp, 1)));
    }

    [Test]
    public void NamedUncles_StayWhenTheLightestBranchesGo()
    {
        TestChain.Grow(_tree, 5);
        Link uncle = TestChain.Extend(_tree, _tree.AtHeight(4)!, solveSeconds: 11);
        Link other = TestChain.Extend(_tree, _tree.AtHeight(3)!, solveSeconds: 12);
        Add(TestChain.ChildHeader(_tree.AtHeight(5)!) with { Uncles = [uncle.Id] });
        TestChain.Grow(_tree, 100);
        Link[] active = [.. Enumerable.Range(0, 100).Select(height => _tree.AtHeight((ulong)height)!)];
        for (int i = 0; i < ShareTree.MaxLinks; i++)
            _tree.AddVerified(TestChain.Child(active[10 + i % 80], extraNonce: (ulong)i + 1), active[^1].Timestamp, isNew: false);

        Assert.That(_tree.TryGet(uncle.Id, out _));
        Assert.That(_tree.TryGet(other.Id, out _), Is.False);
        foreach (Link link in _tree.Export().Skip(1))
            Assert.That(_tree.MissingFor(link.Share.Header), Is.Empty);
    }

    [Test]
    public void UnclesBelowAPrunedRoot_AreBelieved()
    {
        TestChain.Grow(_tree, (int)SeedHeight.EpochLength);
        Link root = _tree.Tip;
        ShareTree pruned = TestChain.NewTree();
        Assert.That(pruned.TryRestoreRoot(new Link(root.Share, root.ChildKey, root.ChildDifficulty)));
        Hash256 gone = Hash256.Parse(new string('e', 64));
        for (int i = 1; i <= 4; i++)
        {
            Share share = Share.Embedded(TestChain.ChildHeader(pruned.Tip) with { Uncles = [gone] }, 0);
            Assert.That(pruned.AddVerified(share, share.Header.Timestamp).Status, Is.EqualTo(i <= 3 ? AddStatus.NewTip : AddStatus.UnknownUncle));
        }
    }

    private Link Mine()
    {
        ulong now = _tree.Tip.Timestamp + 10;
        Share share = _tree.NextTemplate(TestChain.Bob, now).ToShare(0, 0);
        Assert.That(_tree.AddVerified(share, now), Is.EqualTo(new AddResult(AddStatus.NewTip)));
        return _tree.Tip;
    }

    private Link Add(ShareHeader header)
    {
        Share share = Share.Embedded(header, 0);
        Assert.That(_tree.AddVerified(share, header.Timestamp).Status, Is.AnyOf(AddStatus.Added, AddStatus.NewTip));
        Assert.That(_tree.TryGet(share.Id, out Link? link));
        return link!;
    }

    private void AssertFault(ShareHeader header, ShareFault fault) => Assert.That(
        _tree.Check(Share.Embedded(header, 0)), Is.EqualTo(fault == ShareFault.None ? null : (AddResult?)AddResult.Invalid(fault)));
}
