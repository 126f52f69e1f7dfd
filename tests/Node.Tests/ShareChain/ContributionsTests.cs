using P2PMiner.Mining;
using P2PMiner.Node.Api;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.ShareChain;

internal sealed class ContributionsTests
{
    [Test]
    public void Genesis_CountsForNobody()
    {
        Contributions none = TestChain.NewTree().Contributions;

        Assert.That((none.Links, none.Weight, none.Miners.Count), Is.EqualTo((0, UInt128.Zero, 0)));
    }

    [Test]
    public void Links_CountTheirDifficulty_AndUnclesFourFifthsOfIt()
    {
        ShareTree tree = TestChain.NewTree();
        TestChain.Grow(tree, 40, solveSeconds: 5);
        Link fork = tree.AtHeight(39)!;
        Share late = Share.Embedded(TestChain.ChildHeader(fork, solveSeconds: 6) with { Miner = TestChain.Bob }, 0);
        tree.AddVerified(late, late.Header.Timestamp);
        var carol = new MinerId([9]);
        Share share = tree.NextTemplate(carol, tree.Tip.Timestamp + 10).ToShare(0, 0);
        Hash256 uncle = share.Header.Uncles.Single();
        tree.TryGet(uncle, out Link? named);
        tree.AddVerified(share, share.Header.Timestamp);

        Contributions all = tree.Contributions;
        UInt128 weight = named!.Share.Header.Difficulty;
        Assert.That(all.Tip, Is.EqualTo(share.Id));
        Assert.That((all.Links, all.Uncles), Is.EqualTo((41, 1)));
        Assert.That(all.Weight, Is.EqualTo(tree.Tip.CumulativeDifficulty - tree.AtHeight(0)!.CumulativeDifficulty + weight));
        Assert.That(all.Miners.Single(part => part.Miner.Equals(carol)), Is.EqualTo(new Contribution(carol, share.Header.Difficulty + weight / 5, 1, 0)));
        Contribution lateOne = all.Miners.Single(part => part.Miner.Equals(named.Share.Header.Miner));
        Assert.That(lateOne.Uncles, Is.EqualTo(1));
        Assert.That(all.Miners.Sum(all.PartOf), Is.EqualTo(1).Within(1e-12));
        Assert.That(all.Miners.Select(part => part.Weight), Is.Ordered.Descending);
    }

    [Test]
    public void OnlyTheLastLinksCount()
    {
        ShareTree tree = TestChain.NewTree();
        TestChain.Grow(tree, 100);
        for (int i = 0; i < Contributions.Window; i++)
        {
            Assert.That(tree.Contributions.Miners.Any(part => part.Miner.Equals(TestChain.Alice)));
            Share share = tree.NextTemplate(TestChain.Bob, tree.Tip.Timestamp + 10).ToShare(0, 0);
            tree.AddVerified(share, share.Header.Timestamp);
            if (i < Contributions.Window - 150)
                continue;
            Assert.That(tree.Contributions.Links, Is.EqualTo(Math.Min(100 + i + 1, Contributions.Window)));
        }
        Assert.That(tree.Contributions.Miners.Single().Miner, Is.EqualTo(TestChain.Bob));
    }

    /// <summary>Whatever the order in which the same shares come, everything that follows from them is the same.</summary>
    [Test]
    public void State_IsTheSameWhateverTheOrderOfArrival([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        var cluster = new SimulatedCluster(5, seed, hashRate: 100) { Latency = 8 };
        cluster.Run(400);
        cluster.Heal();
        Share[] shares = [.. cluster.Found.Select(found => found.Share)];
        ShareTree expected = cluster.Nodes[0].Tree;
        Assert.That(expected.Contributions.Uncles, Is.Positive);
        for (int order = 0; order < 5; order++)
        {
            random.Shuffle(shares);
            ShareTree tree = TestChain.NewTree();
            for (Share[] waiting = shares; waiting.Length > 0;)
            {
                Share[] later = [.. waiting.Where(share => tree.AddVerified(share, share.Header.Timestamp, isNew: false).Status is AddStatus.UnknownParent or AddStatus.UnknownUncle)];
                Assert.That(later, Has.Length.LessThan(waiting.Length));
                waiting = later;
            }
            tree.NextTemplate(TestChain.Alice, expected.Tip.Timestamp);
            Assert.That(tree.Tip.Id, Is.EqualTo(expected.Tip.Id));
            Assert.That(tree.Tip.ChildDifficulty, Is.EqualTo(expected.Tip.ChildDifficulty));
            Contributions all = tree.Contributions;
            Contributions same = expected.Contributions;
            Assert.That((all.Tip, all.Links, all.Uncles, all.Weight), Is.EqualTo((same.Tip, same.Links, same.Uncles, same.Weight)));
            Assert.That(all.Miners, Is.EqualTo(same.Miners));
        }
    }

    [Test]
    public void Report_NamesPeers_AndWhatIsNoneInHex()
    {
        ShareTree tree = TestChain.NewTree();
        TestChain.Grow(tree, 1);
        PeerId peer = PeerId.FromEd25519(new byte[32]);
        Share share = tree.NextTemplate(new MinerId(peer.Bytes), tree.Tip.Timestamp + 10).ToShare(0, 0);
        tree.AddVerified(share, share.Header.Timestamp);

        ContributionReport report = ContributionReport.Of(tree.Contributions);
        Assert.That(report.Miners.Select(part => part.Miner), Is.EquivalentTo(new[] { peer.ToString(), "010203" }));
        Assert.That(report.Miners.Sum(part => part.Part), Is.EqualTo(1).Within(1e-12));
    }
}
