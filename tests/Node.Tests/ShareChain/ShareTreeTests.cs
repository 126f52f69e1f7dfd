using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

internal sealed class ShareTreeTests
{
    private const ulong Now = TestChain.Start + 1000;

    [Test]
    public void Genesis_FollowsFromTheClusterName()
    {
        Share home = Genesis.Of("home");

        Assert.That(Genesis.Of(new string([.. "home"])).Id, Is.EqualTo(home.Id));
        Assert.That(Genesis.Of("office").Id, Is.Not.EqualTo(home.Id));
    }

    /// <summary>Another id would cut existing nodes off from each other.</summary>
    [Test]
    public void Genesis_NeverChanges()
    {
        Assert.That(Genesis.Of("default").Id.ToString(), Is.EqualTo("f2f9142b3be0ff4918da66b32cf51aa0685e8fdce995a705e49edb9bf9277d37"));
    }

    [Test]
    public void Template_BecomesTheNextTip()
    {
        ShareTree tree = TestChain.NewTree();
        ShareTemplate template = tree.NextTemplate(TestChain.Alice, Now);
        Share share = template.ToShare(extraNonce: 7, nonce: 9);

        Assert.That(tree.Add(share, Now), Is.EqualTo(new AddResult(AddStatus.NewTip)));
        Assert.That(tree.Tip.Id, Is.EqualTo(share.Id));
        Assert.That(tree.Tip.Height, Is.EqualTo(1));
        Assert.That(share.Header.Timestamp, Is.EqualTo(Now));
        Assert.That(share.Header.Miner, Is.EqualTo(TestChain.Alice));
        Assert.That(share.Header.ExtraNonce, Is.EqualTo(7));
    }

    [Test]
    public void MoneroTemplate_BecomesTheNextTip()
    {
        ShareTree tree = TestChain.NewTree();
        ShareTemplate template = tree.NextTemplate(TestChain.Alice, Now, TestChain.MoneroKey);
        MoneroProof proof = TestChain.MoneroBlock(template.Header with { ExtraNonce = 7 });

        Assert.That(template.TryToShare(7, proof, out Share? share), Is.EqualTo(ShareCodecError.None));
        Assert.That(tree.Add(share!, Now), Is.EqualTo(new AddResult(AddStatus.NewTip)));
        Assert.That(template.Commitment(7), Is.EqualTo(share!.Header.Commitment()));
        Assert.That(template.NextKey, Is.Null);
    }

    [Test]
    public void Add_OfAKnownShare_IsADuplicate()
    {
        ShareTree tree = TestChain.NewTree();
        Share share = TestChain.Child(tree.Tip);
        tree.Add(share, Now);

        Assert.That(tree.Add(share, Now).Status, Is.EqualTo(AddStatus.Duplicate));
        Assert.That(tree.Count, Is.EqualTo(2));
    }

    [Test]
    public void Add_WithoutTheParent_SaysSo()
    {
        ShareTree tree = TestChain.NewTree();
        Share orphan = Share.Embedded(TestChain.ChildHeader(tree.Tip) with { Parent = Hash256.Parse(new string('f', 64)) }, 0);

        Assert.That(tree.Add(orphan, Now).Status, Is.EqualTo(AddStatus.UnknownParent));
    }

    [TestCaseSource(nameof(Faults))]
    public void Add_NamesTheFault_WithoutHashing(Func<ShareHeader, ShareHeader> change, ShareFault expected)
    {
        var tree = new ShareTree(Genesis.Of("test"), (_, _) => throw new AssertionException("hashed"), _ => false);
        Link tip = TestChain.Extend(tree, tree.Tip);
        Share share = Share.Embedded(change(TestChain.ChildHeader(tip)), 0);

        Assert.That(tree.Add(share, tip.Timestamp + 10), Is.EqualTo(AddResult.Invalid(expected)));
        Assert.That(tree.Tip, Is.SameAs(tip));
        Assert.That(tree.Count, Is.EqualTo(2));
    }

    private static IEnumerable<TestCaseData> Faults()
    {
        static TestCaseData Fault(ShareFault fault, string name, Func<ShareHeader, ShareHeader> change) =>
            new TestCaseData(change, fault).SetArgDisplayNames(name);

        yield return Fault(ShareFault.BelowRoot, "height 0", header => header with { Height = 0 });
        yield return Fault(ShareFault.Height, "parent's height", header => header with { Height = header.Height - 1 });
        yield return Fault(ShareFault.Height, "greatest height", header => header with { Height = ulong.MaxValue });
        yield return Fault(ShareFault.TimestampBeforeParent, "earlier than the parent", header => header with { Timestamp = header.Timestamp - 11 });
        yield return Fault(ShareFault.TimestampBeforeParent, "timestamp 0", header => header with { Timestamp = 0 });
        yield return Fault(ShareFault.Difficulty, "easier", header => header with { Difficulty = header.Difficulty - 1 });
        yield return Fault(ShareFault.Difficulty, "harder", header => header with { Difficulty = UInt128.MaxValue });
        yield return Fault(ShareFault.CumulativeDifficulty, "heavier", header => header with { CumulativeDifficulty = UInt128.MaxValue });
        yield return Fault(ShareFault.CumulativeDifficulty, "own difficulty", header => header with { CumulativeDifficulty = header.Difficulty });
        yield return Fault(ShareFault.Key, "another key", header => header with { Key = TestChain.MoneroKey });
    }

    [Test]
    public void Add_AtTheGreatestLead_IsValid()
    {
        ShareTree tree = TestChain.NewTree();
        Share share = TestChain.Child(tree.Tip, solveSeconds: 100 + ChainClock.Tolerance);

        Assert.That(tree.Add(share, TestChain.Start + 100).Status, Is.EqualTo(AddStatus.NewTip));
    }

    [Test]
    public void Add_OfAMoneroShareUnderAnUnknownKey_IsInvalid()
    {
        ShareTree tree = TestChain.NewTree();
        Share share = TestChain.MoneroShare(TestChain.ChildHeader(tree.Tip));

        Assert.That(tree.Add(share, Now), Is.EqualTo(AddResult.Invalid(ShareFault.Key)));
    }

    [Test]
    public void Add_WithACumulativeDifficultyBeyond128Bits_IsInvalid()
    {
        ShareTree tree = TestChain.NewTree();
        ShareHeader header = TestChain.ChildHeader(tree.Tip) with
        {
            Height = 4 * 2048,
            Difficulty = LinkDifficulty.Minimum,
            CumulativeDifficulty = UInt128.MaxValue - 50,
        };
        var root = new Link(Share.Embedded(header, 0), childKey: tree.GenesisId, childDifficulty: LinkDifficulty.Minimum);
        Assert.That(tree.TryRestoreRoot(root));

        Assert.That(tree.Add(TestChain.Child(root), Now), Is.EqualTo(AddResult.Invalid(ShareFault.CumulativeDifficulty)));
    }

    [Test]
    public void Add_HashesTheBlobUnderTheHeadersKey_AndAppliesTheDifficulty()
    {
        var hashed = new List<(Hash256 Key, byte[] Blob)>();
        Hash256 answer = Difficulty.TargetOf(LinkDifficulty.Minimum - 1);
        var tree = new ShareTree(
            Genesis.Of("test"),
            (key, blob) =>
            {
                hashed.Add((key, blob.ToArray()));
                return answer;
            },
            _ => false);
        Share share = TestChain.Child(tree.Tip);

        Assert.That(tree.Add(share, Now), Is.EqualTo(AddResult.Invalid(ShareFault.ProofOfWork)));
        answer = Difficulty.TargetOf(LinkDifficulty.Minimum);
        Assert.That(tree.Add(share, Now).Status, Is.EqualTo(AddStatus.NewTip));

        var expected = new byte[P2PMiner.Mining.Monero.HashingBlob.MaxSize];
        int length = share.WriteHashingBlob(expected);
        Assert.That(hashed, Has.Count.EqualTo(2));
        Assert.That(hashed[0].Key, Is.EqualTo(tree.GenesisId));
        Assert.That(hashed[0].Blob, Is.EqualTo(expected[..length]));
    }

    [Test]
    public void Check_PassesWhatOnlyLacksTheProof()
    {
        ShareTree tree = TestChain.NewTree();

        Assert.That(tree.Check(TestChain.Child(tree.Tip)), Is.Null);
        Assert.That(tree.Count, Is.EqualTo(1));
    }

    [Test]
    public void Tip_OfEquallyHeavyBranches_IsTheOneWithTheLowerId()
    {
        ShareTree there = TestChain.NewTree();
        Link[] links = [.. Enumerable.Range(0, 10).Select(i => TestChain.Extend(there, there.Root, extraNonce: (ulong)i))];
        string lowest = links.Min(link => link.Id.ToString())!;
        Assert.That(there.Tip.Id.ToString(), Is.EqualTo(lowest));

        ShareTree here = TestChain.NewTree();
        foreach (Link link in links.Reverse())
            here.AddVerified(link.Share, Now);
        Assert.That(here.Tip.Id.ToString(), Is.EqualTo(lowest));
    }

    [Test]
    public void Tip_MovesToTheHeavierBranch()
    {
        ShareTree tree = TestChain.NewTree();
        Link fork = TestChain.Extend(tree, tree.Tip);
        Link left = TestChain.Extend(tree, TestChain.Extend(tree, fork, extraNonce: 1), extraNonce: 1);
        Link right = TestChain.Extend(tree, TestChain.Extend(tree, fork, extraNonce: 2), extraNonce: 2);
        Assert.That(tree.Tip, Is.SameAs(left).Or.SameAs(right));

        Link heavier = TestChain.Extend(tree, right, extraNonce: 2);

        Assert.That(tree.Tip, Is.SameAs(heavier));
        Assert.That(tree.AtHeight(4), Is.SameAs(heavier));
        Assert.That(tree.AtHeight(3), Is.SameAs(right));
        Assert.That(tree.AtHeight(2), Is.SameAs(right.Parent));
        Assert.That(tree.AtHeight(1), Is.SameAs(fork));
        Assert.That(tree.AtHeight(0)!.Id, Is.EqualTo(tree.GenesisId));
        Assert.That(tree.AtHeight(5), Is.Null);
    }

    [Test]
    public void Tip_IsTheHeaviestNotTheLongest()
    {
        ShareTree tree = TestChain.NewTree();
        Link slow = tree.Tip;
        Link fast = tree.Tip;
        for (int i = 0; i < 30; i++)
            fast = TestChain.Extend(tree, fast, solveSeconds: 1);
        for (int i = 0; i < 35; i++)
            slow = TestChain.Extend(tree, slow, solveSeconds: 11);

        Assert.That(slow.Height, Is.GreaterThan(fast.Height));
        Assert.That(tree.Tip, Is.SameAs(fast));
    }

    [Test]
    public void TipChanged_IsRaisedForNewTipsAndUncles()
    {
        ShareTree tree = TestChain.NewTree();
        int tips = 0;
        var added = new List<Link>();
        tree.TipChanged += () => tips++;
        tree.Added += added.Add;

        Link first = TestChain.Extend(tree, tree.Tip, extraNonce: 1);
        Link second = TestChain.Extend(tree, first, extraNonce: 2);
        Link side = TestChain.Extend(tree, first.Parent!, extraNonce: 3);
        Assert.That(tips, Is.EqualTo(3));
        Link third = TestChain.Extend(tree, second);
        Link old = TestChain.Extend(tree, TestChain.Extend(tree, TestChain.Extend(tree, third)));
        Assert.That(tips, Is.EqualTo(7));
        added.Clear();
        Link tooLate = TestChain.Extend(tree, first.Parent!, extraNonce: 4);

        Assert.That(tips, Is.EqualTo(7));
        Assert.That(added, Is.EqualTo(new[] { tooLate }));
        Assert.That(old.Height, Is.GreaterThan(side.Height + UncleRules.Depth));
    }

    [Test]
    public void ClockSetBack_PassesOverLinksThatAreAhead_AndComesBackToThem()
    {
        ShareTree tree = TestChain.NewTree();
        Link early = TestChain.Extend(tree, tree.Tip);
        Link late = TestChain.Extend(tree, early, solveSeconds: 3600);

        ShareTemplate now = tree.NextTemplate(TestChain.Alice, early.Timestamp + 5);
        Assert.That(now.Header.Parent, Is.EqualTo(early.Id));
        Assert.That(tree.Tip, Is.SameAs(early));
        Assert.That(tree.Add(now.ToShare(0, 0), early.Timestamp + 5).Status, Is.EqualTo(AddStatus.NewTip), "the chain goes on");

        ShareTemplate later = tree.NextTemplate(TestChain.Alice, late.Timestamp);
        Assert.That(tree.TryGet(late.Id, out _), "nothing is thrown away");
        Assert.That(later.Header.CumulativeDifficulty, Is.GreaterThan(late.CumulativeDifficulty));
    }

    [Test]
    public void ClockBeforeTheRoot_StillMines()
    {
        ShareTree tree = TestChain.NewTree();
        Share share = tree.NextTemplate(TestChain.Alice, now: 0).ToShare(0, 0);

        Assert.That(share.Header.Timestamp, Is.EqualTo(Genesis.Timestamp));
        Assert.That(tree.Add(share, now: 0).Status, Is.EqualTo(AddStatus.NewTip));
    }

    /// <summary>Whatever the order in which links arrive, the heaviest one is the tip, and the index is its branch.</summary>
    [Test]
    public void Tip_DoesNotDependOnTheOrderOfArrival([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        ShareTree original = TestChain.NewTree();
        var links = new List<Link> { original.Tip };
        for (int i = 0; i < 150; i++)
        {
            Link parent = links[Math.Max(0, links.Count - 1 - (int)(random.NextDouble() * random.NextDouble() * links.Count))];
            links.Add(TestChain.Extend(original, parent, (ulong)random.Next(0, 90), extraNonce: (ulong)i));
        }
        Link heaviest = links.OrderByDescending(link => link.CumulativeDifficulty).ThenBy(link => link.Id.ToString(), StringComparer.Ordinal).First();

        for (int order = 0; order < 5; order++)
        {
            ShareTree tree = TestChain.NewTree();
            foreach (Link link in RandomValidOrder(links, random))
                tree.AddVerified(link.Share, now: long.MaxValue);

            Assert.That(tree.Count, Is.EqualTo(links.Count));
            Assert.That(tree.Tip.CumulativeDifficulty, Is.EqualTo(heaviest.CumulativeDifficulty));
            Assert.That(tree.Tip.Id, Is.EqualTo(heaviest.Id));
            for (Link? link = tree.Tip; link is not null; link = link.Parent)
                Assert.That(tree.AtHeight(link.Height), Is.SameAs(link));
            Assert.That(tree.AtHeight(tree.Tip.Height + 1), Is.Null);
        }
    }

    [Test]
    public void Add_FromSeveralThreads_LosesNothing()
    {
        ShareTree original = TestChain.NewTree();
        TestChain.Grow(original, 2000);
        TestChain.Extend(original, original.AtHeight(1000)!, extraNonce: 1);
        Share[] shares = [.. original.Export().Skip(1).Select(link => link.Share)];
        ShareTree tree = TestChain.NewTree();
        var stored = new List<Link>();
        int results = 0;
        tree.Added += stored.Add;

        Parallel.For(0, 4, _ =>
        {
            foreach (Share share in shares)
            {
                AddResult result = tree.Add(share, long.MaxValue);
                if (result.Status is AddStatus.Added or AddStatus.NewTip)
                    Interlocked.Increment(ref results);
            }
        });

        Assert.That(results, Is.EqualTo(shares.Length));
        Assert.That(tree.Tip.Id, Is.EqualTo(original.Tip.Id));
        Assert.That(stored.Select(link => link.Id), Is.Unique.And.EquivalentTo(shares.Select(share => share.Id)));
    }

    private static List<Link> RandomValidOrder(List<Link> links, Random random)
    {
        var known = new HashSet<Hash256> { links[0].Id };
        List<Link> waiting = [.. links.Skip(1)];
        var order = new List<Link>();
        while (waiting.Count > 0)
        {
            List<Link> ready = [.. waiting.Where(link => known.Contains(link.Share.Header.Parent))];
            Link next = ready[random.Next(ready.Count)];
            waiting.Remove(next);
            known.Add(next.Id);
            order.Add(next);
        }
        return order;
    }
}
