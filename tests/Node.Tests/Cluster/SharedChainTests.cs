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
        first.Mine(40);
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
