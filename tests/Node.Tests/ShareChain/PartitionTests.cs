using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

/// <summary>Many share chains that are parted and meet again.</summary>
internal sealed class PartitionTests
{
    [Test]
    public void TwentyNodes_PartedAtRandom_HaveOneChainWhenTheyMeet([Range(1, 3)] int seed)
    {
        var random = new Random(seed);
        var cluster = new SimulatedCluster(20, seed, hashRate: 20) { Latency = 1 };
        for (int round = 0; round < 6; round++)
        {
            int groups = random.Next(1, 5);
            int[] group = [.. Enumerable.Range(0, 20).Select(_ => random.Next(groups))];
            cluster.Part(node => group[node]);
            cluster.Run(random.Next(5, 90));
            cluster.Heal();
            string[] tips = [.. cluster.Nodes.Select(node => node.Tree.Tip.Id.ToString()).Distinct()];
            Assert.That(tips, Has.Length.EqualTo(1), $"round {round}");
        }
        Assert.That(cluster.Nodes[0].Tree.Tip.Height, Is.GreaterThan(10));
        Assert.That(Branch(cluster.Nodes[0].Tree).Sum(link => link.Share.Header.Uncles.Count), Is.Positive);
    }

    /// <summary>A short cut, as when a cable is changed, loses nobody's work whole.</summary>
    [Test]
    public void ShortPartition_CreditsBothSides([Range(1, 10)] int seed)
    {
        var cluster = new SimulatedCluster(2, seed, hashRate: 50);
        cluster.Run(300);
        cluster.Heal();
        int before = cluster.Found.Count;
        cluster.Part(node => node);
        while (cluster.Found.Skip(before).Select(found => found.Share.Header.Miner).Distinct().Count() < 2)
            cluster.Run(0.05);
        int[] alone = [.. cluster.Nodes.Select(node => cluster.Found.Skip(before).Count(found => found.Share.Header.Miner.Equals(node.Miner)))];
        cluster.Heal();
        cluster.Run(60);
        cluster.Heal();
        if (alone.Max() > (int)UncleRules.Depth)
            Assert.Pass("the first of one side came too late");

        Link[] branch = [.. Branch(cluster.Nodes[0].Tree)];
        Assert.That(cluster.Nodes[1].Tree.Tip.Id, Is.EqualTo(branch[0].Id));
        HashSet<string> credited = [.. branch.SelectMany(link => link.Share.Header.Uncles.Append(link.Id)).Select(id => id.ToString())];
        foreach (SimulatedCluster.Node node in cluster.Nodes)
        {
            Share first = cluster.Found.Skip(before).First(found => found.Share.Header.Miner.Equals(node.Miner)).Share;
            Assert.That(credited, Does.Contain(first.Id.ToString()), $"the first of {node.Miner}");
        }
    }

    /// <summary>
    /// Light mode on slow machines: a check takes 80 ms, and the least difficulty gives many links a second at first.
    /// </summary>
    [TestCase(3, 40, 1)]
    [TestCase(20, 40, 2)]
    [TestCase(20, 1000, 3)]
    public void SharesOfANewCluster_SoonComeEveryTenSeconds_AndFewAreLost(int nodes, double hashRate, int seed)
    {
        var cluster = new SimulatedCluster(nodes, seed, hashRate) { Latency = 0.3, CheckSeconds = 0.08 };
        cluster.Run(180);
        int start = cluster.Found.Count;
        cluster.Run(3000);
        cluster.Heal();

        Link[] branch = [.. Branch(cluster.Nodes[0].Tree)];
        HashSet<string> credited = [.. branch.SelectMany(link => link.Share.Header.Uncles.Append(link.Id)).Select(id => id.ToString())];
        int later = cluster.Found.Count - start;
        int lost = cluster.Found.Skip(start).SkipLast(4).Count(found => !credited.Contains(found.Share.Id.ToString()));
        Share[] lostAtFirst = [.. cluster.Found.Take(start).Select(found => found.Share).Where(share => !credited.Contains(share.Id.ToString()))];
        double lostLinks = lostAtFirst.Sum(share => (double)share.Header.Difficulty) / (double)branch[0].Share.Header.Difficulty;
        TestContext.Out.WriteLine(
            $"{nodes} nodes of {hashRate} H/s: {start} shares in the first 180 s, {lostAtFirst.Length} of them, the work of {lostLinks:F2} later ones, lost; then one per {3000.0 / later:F2} s, "
            + $"{branch.Sum(link => link.Share.Header.Uncles.Count)} uncles in all, {lost} lost");
        Assert.That(3000.0 / later, Is.EqualTo(LinkDifficulty.TargetSeconds).Within(20).Percent);
        Assert.That(lost, Is.LessThanOrEqualTo(later / 100));
        Assert.That(lostLinks, Is.LessThan(5));
    }

    /// <summary>
    /// What becomes of shares when the machines are so busy that a check takes as long as the links are apart, in a new cluster; also when,
    /// every 36 s, a node that was away finds shares on its old chain for some seconds before it has caught up.
    /// </summary>
    [TestCase(0.1, 0, 840)]
    [TestCase(0.1, 0, 3600)]
    [TestCase(0.5, 0, 840)]
    [TestCase(1, 0, 840)]
    [TestCase(2, 0, 840)]
    [TestCase(2, 0, 3600)]
    [TestCase(4, 0, 840)]
    [TestCase(8, 0, 840)]
    [TestCase(0.1, 2, 3600)]
    [TestCase(0.1, 8, 3600)]
    [Explicit("tells figures for docs/share-chain.md, and asserts nothing of them")]
    public void Loss_BySecondsOfACheck_AndSecondsOnAnOldChain(double check, int old, int seconds)
    {
        const int Nodes = 10, Seeds = 10, Pause = 36;
        double found = 0, lost = 0, uncles = 0, foundWork = 0, lostWork = 0;
        for (int seed = 0; seed < Seeds; seed++)
        {
            var cluster = new SimulatedCluster(Nodes, seed, hashRate: 10) { Latency = 0.3, CheckSeconds = check };
            for (int time = 0; time < seconds; time += Pause)
            {
                int victim = time / Pause % Nodes;
                cluster.Run(Pause - old);
                cluster.Part(node => old > 0 && node == victim ? 1 : 0);
                cluster.Run(old);
                cluster.Heal();
            }
            HashSet<string> credited = [.. Branch(cluster.Nodes[0].Tree).SelectMany(link => link.Share.Header.Uncles.Append(link.Id)).Select(id => id.ToString())];
            Share[] gone = [.. cluster.Found.SkipLast(4).Select(share => share.Share).Where(share => !credited.Contains(share.Id.ToString()))];
            found += cluster.Found.Count;
            lost += gone.Length;
            uncles += Branch(cluster.Nodes[0].Tree).Sum(link => link.Share.Header.Uncles.Count);
            foundWork += cluster.Found.Sum(share => (double)share.Share.Header.Difficulty);
            lostWork += gone.Sum(share => (double)share.Header.Difficulty);
        }
        TestContext.Out.WriteLine(FormattableString.Invariant(
            $"check {check} s, {old} s on an old chain, {seconds} s: {found / Seeds:F0} shares, {100 * uncles / found:F1} % uncles, {100 * lost / found:F2} % lost, {100 * lostWork / foundWork:F2} % of the work"));
    }

    private static IEnumerable<Link> Branch(ShareTree tree)
    {
        for (Link? link = tree.Tip; link is not null; link = link.Parent)
            yield return link;
    }
}
