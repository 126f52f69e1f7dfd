using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

internal sealed class ChainClockTests
{
    [Test]
    public void RightClock_IsBelieved_WhateverAMinoritySays()
    {
        var clock = new ChainClock();
        for (int i = 0; i < 100; i++)
            clock.Hear(timestamp: i % 3 == 0 ? 1_000_000u : 5000u, now: 5003, isOwn: false);

        Assert.That(clock.Offset, Is.Zero);
    }

    [TestCase(600)]
    [TestCase(-600)]
    public void WrongClock_IsCorrectedByWhatMostLinksSay_UntilItIsRight(int error)
    {
        var clock = new ChainClock();
        for (int i = 0; i < ChainClock.Least; i++)
            clock.Hear(timestamp: 5000, now: (ulong)(5000 + error), isOwn: false);
        Assert.That(clock.Offset, Is.EqualTo(-error));
        Assert.That(clock.TimeOf((ulong)(5000 + error)), Is.EqualTo(5000));

        for (int i = 0; i < ChainClock.Window; i++)
            clock.Hear(timestamp: 6000, now: 6001, isOwn: false);
        Assert.That(clock.Offset, Is.Zero);
    }

    [Test]
    public void OwnLinks_SpeakForTheOwnClock_UntilItIsOutvoted()
    {
        var clock = new ChainClock();
        for (int i = 0; i < 150; i++)
            clock.Hear(timestamp: i % 3 == 0 ? 5600u : 5000u, now: 5000, isOwn: i % 3 != 0);
        Assert.That(clock.Offset, Is.Zero);

        clock.Outvote(timestamp: 5600, now: 5000);
        for (int i = 0; i < 150; i++)
            clock.Hear(timestamp: 5600, now: 5000, isOwn: i % 3 != 0);
        Assert.That(clock.Offset, Is.EqualTo(600));
    }

    [Test]
    public void HostileTimes_DoNotOverflow()
    {
        var clock = new ChainClock();
        ulong[] times = [0, 1, ulong.MaxValue, 1UL << 63, (1UL << 63) - 1, 5000];
        var random = new Random(1);
        Link root = TestChain.NewTree().Root;
        for (int i = 0; i < 1000; i++)
        {
            ulong timestamp = times[random.Next(times.Length)];
            ulong now = times[random.Next(times.Length)];
            if (random.Next(10) == 0)
                clock.Outvote(timestamp, now);
            else
                clock.Hear(timestamp, now, random.Next(2) == 0);
            clock.TimeOf(now);
            Assert.That(clock.Latest(now, root), Is.GreaterThanOrEqualTo(now));
        }
    }

    [Test]
    public void BranchAheadOfTheClock_IsFollowedWhenItIsHeavierByFar()
    {
        ShareTree tree = TestChain.NewTree();
        TestChain.Grow(tree, 5);
        Link own = tree.Tip;
        ulong now = own.Timestamp;
        Link ahead = own;
        while (ahead.CumulativeDifficulty - own.CumulativeDifficulty < ChainClock.OutvotingLinks * own.ChildDifficulty)
        {
            Assert.That(tree.Tip, Is.SameAs(own), $"height {ahead.Height}");
            Assert.That(tree.ClockOffset, Is.Zero);
            Share share = TestChain.Child(ahead, solveSeconds: ahead == own ? 3600u : 5u);
            tree.AddVerified(share, now);
            Assert.That(tree.TryGet(share.Id, out Link? link));
            ahead = link!;
        }
        Assert.That(tree.Tip, Is.SameAs(ahead));
        Assert.That(tree.ClockOffset, Is.EqualTo((long)(ahead.Timestamp - now)));
        Assert.That(tree.NextTemplate(TestChain.Bob, now + 7).Header.Timestamp, Is.EqualTo(ahead.Timestamp + 7));
    }

    /// <summary>Whoever's clock is wrong, and however: all have one chain, all are credited, and who is wrong knows.</summary>
    [TestCase(-3600, 3)]
    [TestCase(3600, 3)]
    [TestCase(-600, 2)]
    [TestCase(600, 2)]
    [TestCase(-90, 5)]
    public void NodeWithAWrongClock_IsToldSo_AndTakesPart(int error, int nodes)
    {
        var cluster = new SimulatedCluster(nodes, seed: 7, hashRate: 40);
        cluster.Nodes[0].ClockError = error;
        cluster.Run(1800);
        cluster.Heal();
        int start = cluster.Found.Count;
        cluster.Run(1200);
        cluster.Heal();

        Assert.That(cluster.Nodes.Select(node => node.Tree.Tip.Id).Distinct().Count(), Is.EqualTo(1));
        Assert.That(cluster.Nodes.Any(node => Math.Abs(node.Tree.ClockOffset + error) < 90 || Math.Abs(node.Tree.ClockOffset - error) < 90));
        HashSet<string> credited = [];
        for (Link? link = cluster.Nodes[1].Tree.Tip; link is not null; link = link.Parent)
            credited.UnionWith(link.Share.Header.Uncles.Append(link.Id).Select(id => id.ToString()));
        foreach (SimulatedCluster.Node node in cluster.Nodes)
        {
            Share[] own = [.. cluster.Found.Skip(start).Select(found => found.Share).Where(share => share.Header.Miner.Equals(node.Miner))];
            int kept = own.Count(share => credited.Contains(share.Id.ToString()));
            TestContext.Out.WriteLine($"clock {node.ClockError:+0;-0;0} s: offset {node.Tree.ClockOffset}, {kept} of {own.Length} shares credited");
            Assert.That(kept, Is.GreaterThanOrEqualTo(own.Length * 3 / 4));
        }
        Assert.That(cluster.Found.Count - start, Is.EqualTo(120).Within(35).Percent);
    }
}
