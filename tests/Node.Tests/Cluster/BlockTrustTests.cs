using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.Cluster.Blocks;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Jobs;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.Node.Tests.Sources.Monero;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Node.Tests.Cluster;

/// <summary>Which blocks of others a node with a daemon hands to it: what members claim of the difficulty counts for nothing there.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class BlockTrustTests
{
    private const ulong Height = 20;
    private const ulong Difficulty = 1_000_000;

    private static readonly PeerId Finder = PeerId.FromEd25519(new byte[32]);
    private static readonly PeerId Liar = PeerId.FromEd25519([1, .. new byte[31]]);
    private static readonly Hash256 Key = Hash256.Parse(new string('a', 64));
    private static readonly Hash256 Parent = Hash256.Parse(new string('b', 64));

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly Standing _standing = new();
    private readonly List<FoundBlock> _relayed = [];
    private readonly BlockGossip _blocks;
    private BlockOutcome _outcome = new(BlockVerdict.Pending, "it is being submitted");
    private UInt128 _work = Difficulty;
    private uint _nonce;

    public BlockTrustTests()
    {
        StrangerTime strangers = new(_standing, processors: 1, () => TimeSpan.Zero, _time);
        _blocks = new BlockGossip("/topic", new MemberView(_time), _ => true, (_, _, difficulty, _) => Task.FromResult(Prove(difficulty)), strangers, Relay, _time, NullLogger.Instance);
        _blocks.Remember(SampleTemplate.Job(SampleTemplate.Read(Height, Parent, Key, Difficulty)));
        _standing.Prove(Finder);
        _standing.Prove(Liar);
    }

    [Test]
    public async Task Blocks_OnAJobThatAsksForNoWork_GoToNoDaemon_HoweverMany_AndABlockWithWorkDoes()
    {
        Hash256 noParent = Hash256.Parse(new string('c', 64));
        _blocks.Remember(SampleTemplate.Job(SampleTemplate.Read(400_000_000, noParent, Key, 1), Liar));
        _work = 1;
        for (int i = 0; i < 300; i++, _time.Advance(TimeSpan.FromSeconds(1)))
            await JudgeAsync(Block(400_000_000, noParent), Liar);
        Assert.That(_relayed, Is.Empty);

        _work = Difficulty;
        FoundBlock real = Block(Height, Parent);
        Assert.That(await JudgeAsync(real, Finder), Is.EqualTo(Verdict.Accept));
        Assert.That(_relayed.Select(block => block.Id), Is.EqualTo(new[] { real.Id }));
    }

    /// <summary>Who mined on a liar's template does not know better.</summary>
    [Test]
    public async Task Block_WithTheWorkThatALiarAskedFor_IsPassedOnByNobodyWhoKnowsBetter_AndItsFinderIsNotBlamed()
    {
        _blocks.Remember(SampleTemplate.Job(SampleTemplate.Read(Height, Parent, Key, 1), Liar));
        _work = 1;
        Assert.That(await JudgeAsync(Block(Height, Parent), Finder), Is.EqualTo(Verdict.Ignore));
        Assert.That(_standing.IsProven(Finder), Is.True);
        Assert.That(_relayed, Is.Empty);
        Assert.That(Told().Single().IsAccepted, Is.False, "nobody shall wait for it");
    }

    [TestCase(Height + BlockTargets.MaxLead, 1)]
    [TestCase(Height + BlockTargets.MaxLead + 1, 0)]
    [TestCase(400_000_000ul, 0)]
    public async Task Block_WithWorkOnAnUnknownParent_GoesToTheDaemon_UnlessItIsFarAheadOfIt(ulong height, int relayed)
    {
        Assert.That(await JudgeAsync(Block(height, Key), Finder), Is.EqualTo(Verdict.Accept));
        Assert.That(_relayed, Has.Count.EqualTo(relayed));
    }

    /// <summary>Else its finder, which was away for so long, would wait for a day.</summary>
    [Test]
    public async Task Block_WithWorkFarBehindTheDaemon_GoesToTheDaemon()
    {
        _blocks.Remember(SampleTemplate.Job(SampleTemplate.Read(Height + 1000, Key, Key, Difficulty)));
        Assert.That(await JudgeAsync(Block(Height - 1, Hash256.Parse(new string('c', 64))), Finder), Is.EqualTo(Verdict.Accept));
        Assert.That(_relayed, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Block_WhoseHeightIsNotThatOfItsParent_CostsNoProof()
    {
        Assert.That(await JudgeAsync(Block(Height + 1, Parent), Finder), Is.EqualTo(Verdict.Ignore));
        Assert.That(_relayed, Is.Empty);
    }

    /// <summary>It may have been given up meanwhile, or the daemon may have got what it lacked.</summary>
    [Test]
    public async Task Block_ThatItsFinderTellsAgain_GoesToTheDaemonAgain_UntilItHasIt()
    {
        FoundBlock block = Block(Height, Parent);
        await JudgeAsync(block, Finder);
        await JudgeAsync(block, Finder);
        Assert.That(_relayed, Has.Count.EqualTo(1), "not at once");

        _blocks.Tell(block, new BlockOutcome(BlockVerdict.Rejected, "it lacks a transaction"));
        _time.Advance(TimeSpan.FromSeconds(10));
        _outcome = new BlockOutcome(BlockVerdict.Accepted, "the daemon");
        Assert.That(await JudgeAsync(block, Finder), Is.EqualTo(Verdict.Accept));
        Assert.That(_relayed, Has.Count.EqualTo(2));

        _blocks.Tell(block, _outcome);
        Told();
        _time.Advance(TimeSpan.FromSeconds(10));
        await JudgeAsync(block, Finder);
        Assert.That(_relayed, Has.Count.EqualTo(2));
        Assert.That(Told().Single().IsAccepted, Is.True);
    }

    /// <summary>Others take four messages a second of one member, and jobs are among them.</summary>
    [Test]
    public async Task Block_ThatIsToldAgainAndAgain_IsNotAnsweredEachTime()
    {
        FoundBlock block = Block(Height, Parent);
        await JudgeAsync(block, Liar);
        _blocks.Tell(block, new BlockOutcome(BlockVerdict.Accepted, "the daemon"));
        Told();
        int answers = 0;
        for (int i = 0; i < 100; i++, _time.Advance(TimeSpan.FromSeconds(0.1)))
        {
            await JudgeAsync(block, Liar);
            answers += Told().Count;
        }
        Assert.That(answers, Is.InRange(1, 20));
    }

    [Test]
    public void Targets_OfHonestMembers_AreNotForgotten_WhenOnePublishesOnOneParentAfterTheOther()
    {
        BlockTargets targets = new();
        targets.Remember(SampleTemplate.Job(SampleTemplate.Read(Height, Parent, Key, Difficulty), Finder));
        for (uint i = 0; i < 10 * BlockTargets.Capacity; i++)
            targets.Remember(SampleTemplate.Job(SampleTemplate.Read(Height, Keccak256.Hash(BitConverter.GetBytes(i)), Key, 1), Liar));
        Assert.That(targets.Find(Parent, Height), Is.EqualTo(new BlockTarget(Difficulty, IsKnown: true, IsForDaemons: false, IsBlamed: true)));
    }

    private FoundBlock Block(ulong height, Hash256 parent) =>
        SampleTemplate.Job(SampleTemplate.Read(height, parent, Key, 1)).BuildBlock(1, ++_nonce, _time.GetUtcNow());

    private async Task<Verdict> JudgeAsync(FoundBlock block, PeerId from) =>
        await _blocks.JudgeAsync(new TravellingBlock(block.Blob, Key), from, CancellationToken.None);

    private List<BlockFate> Told()
    {
        List<BlockFate> told = [];
        while (_blocks.Unsent.TryRead(out byte[]? message))
        {
            Assert.That(WorkCodec.TryDecode(message, out object? content), Is.True);
            told.Add((BlockFate)content!);
        }
        return told;
    }

    private Proof Prove(UInt128 difficulty) => _work >= difficulty ? Proof.Valid : Proof.Invalid;

    private Task<BlockOutcome> Relay(FoundBlock block)
    {
        _relayed.Add(block);
        return Task.FromResult(_outcome);
    }
}
