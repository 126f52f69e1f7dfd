using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests.Cluster;

/// <summary>Several nodes, one chain.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SharedChainTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Test]
    public async Task Shares_OfEachNode_BecomeLinksOfAll()
    {
        await using TestNode first = await StartAsync("first");
        await using TestNode second = await StartAsync("second", first);
        await using TestNode third = await StartAsync("third", first);
        TestNode[] all = [first, second, third];
        await Wait.UntilAsync(() => all.All(node => node.Cluster.Members.Count == 2), "the three know each other");
        for (int round = 0; round < 5; round++)
        {
            foreach (TestNode node in all)
            {
                node.Mine(1);
                await OneChainAsync(all);
            }
        }
        Assert.That(first.Tree.Tip.Height, Is.EqualTo(15));
    }

    [Test]
    public async Task ManyLinksAtOnce_AllArrive_InWhateverOrder()
    {
        await using TestNode first = await StartAsync("first");
        await using TestNode second = await StartAsync("second", first);
        await Wait.UntilAsync(() => second.Cluster.Members.Count == 1, "the two know each other");
        first.Mine(200);
        await OneChainAsync(first, second);
        Assert.That(second.Tree.Tip.Height, Is.EqualTo(200));
    }

    [Test]
    public async Task LateNode_CatchesUpOverManyPages_AndLooksAtEveryProof()
    {
        await using TestNode first = await StartAsync("first");
        first.Mine(1500);
        int proven = 0;
        await using TestNode second = await StartAsync("second", first, node => node.Prove = _ =>
        {
            Interlocked.Increment(ref proven);
            return Proof.Valid;
        });
        await OneChainAsync(first, second);
        Assert.That(proven, Is.GreaterThanOrEqualTo(1500));
    }

    [Test]
    public async Task NewNode_JoinsAChainWhoseBeginningIsForgotten_AndKeepsIt()
    {
        await using TestNode first = await StartAsync("first");
        first.Mine((int)(ShareTree.KeptLinks + SeedHeight.EpochLength) + 5);
        Assert.That(first.Tree.Root.Height, Is.Positive);
        await using TestNode second = await StartAsync("second");
        second.Mine(3);
        using TemporaryDirectory directory = new();
        using (ChainStore store = ChainStore.Open(directory.Path, second.Tree, TimeProvider.System, NullLogger.Instance))
        {
            await using TestNode between = await StartAsync("between", first, also: second);
            await OneChainAsync(first, second, between);
        }
        ShareTree loaded = TestChain.NewTree();
        using (ChainStore.Open(directory.Path, loaded, TimeProvider.System, NullLogger.Instance))
            Assert.That(loaded.Tip.Id, Is.EqualTo(first.Tree.Tip.Id));
    }

    [Test]
    public async Task LateNode_GetsTheUnclesToo()
    {
        await using TestNode first = await StartAsync("first");
        for (int round = 0; round < 20; round++)
        {
            first.Mine(3);
            TestChain.Extend(first.Tree, first.Tree.AtHeight(first.Tree.Tip.Height - 2)!, extraNonce: 77);
            Share share = first.Tree.NextTemplate(new MinerId(first.Id.Bytes), first.Tree.Tip.Timestamp + 10).ToShare(0, 0);
            Assert.That(share.Header.Uncles, Has.Count.EqualTo(1));
            Assert.That(first.Tree.AddVerified(share, share.Header.Timestamp).Status, Is.EqualTo(AddStatus.NewTip));
        }
        await using TestNode second = await StartAsync("second", first);
        await OneChainAsync(first, second);
        Assert.That(second.Tree.Count, Is.EqualTo(first.Tree.Count));
    }

    [Test]
    public async Task LinksUnderAKeyThatNoDaemonNamesAnyMore_AreFollowedByNewNodes()
    {
        Hash256 key = Hash256.Parse(new string('d', 64));
        ShareTree mined = new(Genesis.Of("test"), (_, _) => Hash256.Zero, named => named == key);
        using TemporaryDirectory directory = new();
        using (ChainStore.Open(directory.Path, mined, TimeProvider.System, NullLogger.Instance))
        {
            TestChain.Grow(mined, 2);
            for (int i = 0; i < 3; i++)
            {
                Share block = TestChain.MoneroShare(TestChain.ChildHeader(mined.Tip) with { Key = key });
                Assert.That(mined.Add(block, block.Header.Timestamp).Status, Is.EqualTo(AddStatus.NewTip));
            }
            TestChain.Grow(mined, 2);
        }

        ShareTree loaded = new(Genesis.Of("test"), (_, _) => Hash256.Zero, _ => false);
        using ChainStore store = ChainStore.Open(directory.Path, loaded, TimeProvider.System, NullLogger.Instance);
        Assert.That(loaded.Tip.Id, Is.EqualTo(mined.Tip.Id));
        await using TestNode restarted = await StartAsync("restarted", prepare: node => node.Tree = loaded);
        await using TestNode fresh = await StartAsync(
            "fresh", restarted, node => node.Tree = new ShareTree(Genesis.Of("test"), (_, _) => Hash256.Zero, named => node.Cluster.IsKeyKnown(named)));
        await OneChainAsync(restarted, fresh);
    }

    [Test]
    public void ChainWithAForgottenBeginning_NeedsMoreWorkThanIsKeptHere_WhateverItClaims()
    {
        ShareTree here = TestChain.NewTree();
        TestChain.Grow(here, 50);
        ShareHeader header = TestChain.ChildHeader(here.Tip) with { Height = SeedHeight.EpochLength, CumulativeDifficulty = UInt128.One << 100 };
        Link root = new(Share.Embedded(header, 0), childKey: here.GenesisId, childDifficulty: LinkDifficulty.Minimum);
        ShareTree other = here.Beside(root)!;
        TestChain.Grow(other, (int)ShareTree.KeptLinks - 1, solveSeconds: 60);
        Assert.That(here.TryAdopt(other), Is.False, "it is not deep enough");
        TestChain.Grow(other, 1, solveSeconds: 60);
        TestChain.Grow(here, 3000, solveSeconds: 5);
        Assert.That(here.TryAdopt(other), Is.False, "there is more work here");
        Assert.That(TestChain.NewTree().TryAdopt(other), Is.True);
    }

    [Test]
    public async Task PartedNodes_AgreeOnTheHeavierChainWhenTheyMeet()
    {
        await using TestNode first = await StartAsync("first");
        await using (TestNode second = await StartAsync("second", first))
        {
            first.Mine(20);
            await OneChainAsync(first, second);
        }
        await using TestNode third = await StartAsync("third");
        third.Mine(300);
        first.Mine(270);
        await using TestNode fourth = await StartAsync("fourth", first, also: third);
        await OneChainAsync(first, third, fourth);
        Assert.That(first.Tree.Tip.Height, Is.EqualTo(300));
    }

    [Test]
    public async Task NodeWithInvalidChain_IsShutOut_AndHarmsNobody()
    {
        await using TestNode liar = await StartAsync("liar");
        liar.Mine(30);
        await using TestNode honest = await StartAsync("honest");
        honest.Mine(5);
        await using TestNode judge = await StartAsync(
            "judge", honest, node => node.Prove = share => share.Header.Miner.Equals(new MinerId(liar.Id.Bytes)) ? Proof.Invalid : Proof.Valid, also: liar);
        await Wait.UntilAsync(() => judge.Tree.Tip.Id == honest.Tree.Tip.Id, "the honest chain");
        await Wait.UntilAsync(() => judge.Cluster.ConnectionOf(liar.Id) is null, "the liar is cut off");
        Assert.That(judge.Tree.Tip.Id, Is.EqualTo(honest.Tree.Tip.Id));
    }

    private static Task OneChainAsync(params TestNode[] nodes)
    {
        UInt128 most = nodes.Max(node => node.Tree.Tip.CumulativeDifficulty);
        return Wait.UntilAsync(
            () => nodes.All(node => node.Tree.Tip.CumulativeDifficulty >= most && node.Tree.Tip.Id == nodes[0].Tree.Tip.Id),
            "one chain");
    }

    private async Task<TestNode> StartAsync(string name, TestNode? other = null, Action<TestNode>? prepare = null, TestNode? also = null)
    {
        NodeOptions Change(NodeOptions options) =>
            options with { Connect = [.. new[] { other, also }.OfType<TestNode>().Select(node => node.Address)] };
        return await TestNode.StartAsync(_directory, name, Change, prepare);
    }
}
