using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ShareGossipTests
{
    private static readonly PeerId Peer = PeerId.FromEd25519(new byte[32]);

    private readonly ManualTime _time = new(DateTimeOffset.FromUnixTimeSeconds((long)Genesis.Timestamp + 100_000));
    private readonly ShareTree _tree = TestChain.NewTree();
    private readonly List<PeerId> _missing = [];
    private readonly Standing _standing = new();
    private readonly ShareGossip _gossip;
    private TimeSpan _proofCost;
    private Hash256? _unfilled;
    private int _proofs;
    private Proof _proof = Proof.Valid;

    public ShareGossipTests()
    {
        StrangerTime strangers = new(_standing, processors: 1, () => _proofCost, _time, key => key == _unfilled);
        _gossip = new ShareGossip("/topic", _tree, TestChain.Bob, (_, _) => Task.FromResult(Prove()), strangers, _missing.Add, _time, NullLogger.Instance);
    }

    [Test]
    public async Task ValidShare_IsALinkAndPassedOn_AndOnlyOnce()
    {
        Share share = TestChain.Child(_tree.Tip);
        Assert.That(await JudgeAsync(share), Is.EqualTo(Verdict.Accept));
        Assert.That(_tree.Tip.Id, Is.EqualTo(share.Id));
        Assert.That(await JudgeAsync(share), Is.EqualTo(Verdict.Ignore));
        Assert.That(_proofs, Is.EqualTo(1));
    }

    [Test]
    public async Task ShareWithoutWork_IsHeldAgainstItsSender_AndHashedOnce()
    {
        _proof = Proof.Invalid;
        Share share = TestChain.Child(_tree.Tip);
        for (int i = 0; i < 3; i++)
            Assert.That(await JudgeAsync(share), Is.EqualTo(Verdict.Reject));
        Assert.That(_proofs, Is.EqualTo(1));
        Assert.That(_tree.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task ShareThatBreaksARule_CostsNoHash()
    {
        ShareHeader header = TestChain.ChildHeader(_tree.Tip);
        ShareHeader[] wrong =
        [
            header with { Difficulty = header.Difficulty + 1, CumulativeDifficulty = header.CumulativeDifficulty + 1 },
            header with { CumulativeDifficulty = header.CumulativeDifficulty + 1 },
            header with { Height = header.Height + 1 },
            header with { Timestamp = Genesis.Timestamp - 1 },
        ];
        foreach (ShareHeader bad in wrong)
            Assert.That(await JudgeAsync(Share.Embedded(bad, 0)), Is.EqualTo(Verdict.Reject));
        Assert.That(_proofs, Is.Zero);
    }

    [Test]
    public async Task ShareOfAWrongClock_IsKept_ButNotBuiltUpon()
    {
        Link tip = _tree.Tip;
        ShareHeader header = TestChain.ChildHeader(tip) with { Timestamp = (ulong)_time.GetUtcNow().ToUnixTimeSeconds() + 3600 };
        Assert.That(await JudgeAsync(Share.Embedded(header, 0)), Is.EqualTo(Verdict.Accept));
        Assert.That(_tree.Count, Is.EqualTo(2));
        Assert.That(_tree.Tip, Is.SameAs(tip));
    }

    [Test]
    public async Task ShareOfAnUnknownKey_IsHeldAgainstNobody()
    {
        Share foreign = TestChain.MoneroShare(TestChain.ChildHeader(_tree.Tip) with { Key = Hash256.Parse(new string('c', 64)) });
        Assert.That(await JudgeAsync(foreign), Is.EqualTo(Verdict.Ignore));
        Assert.That(_proofs, Is.Zero);
    }

    [Test]
    public async Task ShareBeforeItsUncle_WaitsForIt()
    {
        ShareTree elsewhere = TestChain.NewTree();
        Link first = TestChain.Extend(elsewhere, elsewhere.Root, extraNonce: 1);
        Link uncle = TestChain.Extend(elsewhere, elsewhere.Root, extraNonce: 2);
        Share share = Share.Embedded(TestChain.ChildHeader(first) with { Uncles = [uncle.Id] }, 0);
        Assert.That(await JudgeAsync(first.Share), Is.EqualTo(Verdict.Accept));
        Task<Verdict> waiting = JudgeAsync(share);
        Assert.That(waiting.IsCompleted, Is.False);
        Assert.That(_missing, Is.EqualTo(new[] { Peer }));
        Assert.That(await JudgeAsync(uncle.Share), Is.EqualTo(Verdict.Accept));
        Assert.That(await waiting, Is.EqualTo(Verdict.Accept));
        Assert.That(_tree.Tip.Id, Is.EqualTo(share.Id));
    }

    [Test]
    public async Task ShareWithAnUncleThatIsNone_IsHeldAgainstItsSender()
    {
        Share first = TestChain.Child(_tree.Tip);
        await JudgeAsync(first);
        Share wrong = Share.Embedded(TestChain.ChildHeader(_tree.Tip) with { Uncles = [first.Id] }, 0);
        Assert.That(await JudgeAsync(wrong), Is.EqualTo(Verdict.Reject));
        Assert.That(_proofs, Is.EqualTo(1));
    }

    [Test]
    public async Task ShareBeforeItsParent_WaitsForIt()
    {
        ShareTree elsewhere = TestChain.NewTree();
        TestChain.Grow(elsewhere, 3);
        Share[] shares = [.. Enumerable.Range(1, 3).Select(height => elsewhere.AtHeight((ulong)height)!.Share)];
        Task<Verdict> third = JudgeAsync(shares[2]);
        Task<Verdict> second = JudgeAsync(shares[1]);
        Assert.That(third.IsCompleted || second.IsCompleted, Is.False);
        Assert.That(_missing, Is.Not.Empty);
        Assert.That(await JudgeAsync(shares[0]), Is.EqualTo(Verdict.Accept));
        Assert.That(await second, Is.EqualTo(Verdict.Accept));
        Assert.That(await third, Is.EqualTo(Verdict.Accept));
        Assert.That(_tree.Tip.Id, Is.EqualTo(shares[2].Id));
    }

    [Test]
    public async Task ShareWithoutParent_IsDroppedInTheEnd_AndTheirNumberIsBounded()
    {
        ShareHeader header = TestChain.ChildHeader(_tree.Tip) with { Parent = Hash256.Parse(new string('d', 64)), Height = 2 };
        Task<Verdict>[] waiting = [.. Enumerable.Range(0, WaitingShares.PeerCapacity).Select(i => JudgeAsync(Share.Embedded(header, (uint)i)))];
        Assert.That(await JudgeAsync(Share.Embedded(header, 9999)), Is.EqualTo(Verdict.Ignore));
        Assert.That(waiting.Any(task => task.IsCompleted), Is.False);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(await Task.WhenAll(waiting), Has.All.EqualTo(Verdict.Ignore));
    }

    [Test]
    public async Task Links_ThatNobodyWaitsForAnyMore_AreForgotten_AlsoWhileOthersAreWaitedFor()
    {
        WaitingShares waiting = new(_tree);
        _ = waiting.WaitAsync(new Hash256(Enumerable.Repeat((byte)255, Hash256.Size).ToArray()), Peer, Task.Delay(Timeout.Infinite), CancellationToken.None);
        for (int i = 0; i < 100; i++)
            Assert.That(await waiting.WaitAsync(new Hash256(Enumerable.Repeat((byte)i, Hash256.Size).ToArray()), Peer, Task.CompletedTask, CancellationToken.None), Is.False);
        Assert.That(waiting.Awaited, Is.EqualTo(1));
    }

    [Test]
    public async Task Flood_OfValidSharesOfOnePeer_IsCheckedWithinItsBudgetOnly()
    {
        Link parent = _tree.Tip;
        _standing.Prove(Peer);
        for (int i = 0; i < 200; i++)
            await JudgeAsync(TestChain.Child(parent, extraNonce: (ulong)i));
        Assert.That(_proofs, Is.EqualTo((int)CheckBudget.PeerBurst));
    }

    [Test]
    public async Task ShareOfAStranger_IsCheckedAsLongAsThereIsTimeForStrangers()
    {
        _proof = Proof.Invalid;
        _proofCost = StrangerTime.Burst / 4;
        for (int i = 0; i < 20; i++)
            await JudgeAsync(TestChain.Child(_tree.Tip, extraNonce: (ulong)i));
        Assert.That(_proofs, Is.EqualTo(4));
        _time.Advance(_proofCost / StrangerTime.Part);
        for (int i = 20; i < 40; i++)
            await JudgeAsync(TestChain.Child(_tree.Tip, extraNonce: (ulong)i));
        Assert.That(_proofs, Is.EqualTo(5), "as much time as has come back");
    }

    [Test]
    public async Task SharesOfStrangersUnderAKeyWithoutACache_AreCheckedAsOftenAsOneIsFilledForThem()
    {
        _unfilled = _tree.Tip.ChildKey;
        _proofCost = TimeSpan.Zero;
        for (int i = 0; i < 3; i++, _time.Advance(StrangerTime.CacheLease))
            await JudgeAsync(TestChain.Child(_tree.Root, extraNonce: (ulong)i));
        Assert.That(_proofs, Is.EqualTo(StrangerTime.Caches));
        _unfilled = null;
        await JudgeAsync(TestChain.Child(_tree.Root, extraNonce: 9));
        Assert.That(_proofs, Is.EqualTo(StrangerTime.Caches + 1), "the cache is there");
    }

    [Test]
    public async Task Finder_OfAValidShare_IsNoStranger_UntilHeBringsAnInvalidOne()
    {
        _proofCost = StrangerTime.Burst;
        ShareHeader header = TestChain.ChildHeader(_tree.Tip) with { Miner = new MinerId(Peer.Bytes) };
        await JudgeAsync(Share.Embedded(header, 0));
        Assert.That(_standing.IsProven(Peer), Is.True);
        await JudgeAsync(TestChain.Child(_tree.Tip));
        Assert.That(_proofs, Is.EqualTo(2), "beyond the time for strangers");
        _proof = Proof.Invalid;
        await JudgeAsync(TestChain.Child(_tree.Tip, extraNonce: 1));
        Assert.That(_standing.IsProven(Peer), Is.False);
    }

    /// <summary>As a child of the first link does, which takes 100 hashes as long as that link is kept.</summary>
    [Test]
    public async Task ShareOfWhichNothingCanCome_IsNotHashed()
    {
        TestChain.Grow(_tree, 20);
        Link old = _tree.AtHeight(_tree.Tip.Height - ShareRelevance.Depth - 2)!;
        Assert.That(await JudgeAsync(TestChain.Child(old, extraNonce: 1)), Is.EqualTo(Verdict.Ignore));
        Assert.That(await JudgeAsync(TestChain.Child(_tree.Root, extraNonce: 1)), Is.EqualTo(Verdict.Ignore));
        Assert.That(_proofs, Is.Zero);
        Assert.That(await JudgeAsync(TestChain.Child(_tree.AtHeight(_tree.Tip.Height - UncleRules.Depth)!, extraNonce: 1)), Is.EqualTo(Verdict.Accept));
        Assert.That(_proofs, Is.EqualTo(1), "it may become an uncle");
    }

    [Test]
    public async Task ShareAtTheEndOfAHeavierBranch_IsHashed_HoweverFarDown()
    {
        Link fork = _tree.Root;
        TestChain.Grow(_tree, 20);
        while (fork.CumulativeDifficulty + fork.ChildDifficulty <= _tree.Tip.CumulativeDifficulty)
            fork = TestChain.Extend(_tree, fork, solveSeconds: 0, extraNonce: 1);
        Assert.That(fork.Height + 1 + ShareRelevance.Depth, Is.LessThan(_tree.Tip.Height));
        Share share = TestChain.Child(fork, extraNonce: 2);
        Assert.That(await JudgeAsync(share), Is.EqualTo(Verdict.Accept));
        Assert.That(_tree.Tip.Id, Is.EqualTo(share.Id));
    }

    /// <summary>At the height of the tip, but on a branch of his own on which shares take next to nothing.</summary>
    [TestCase(40, 0)]
    [TestCase(16, 1)]
    public async Task ShareOnACheapBranch_ProvesNobody(int links, int proofs)
    {
        Link cheap = _tree.Root;
        TestChain.Grow(_tree, links, solveSeconds: 0);
        for (int i = 0; i < links; i++)
            cheap = TestChain.Extend(_tree, cheap, solveSeconds: 60, extraNonce: 1);
        await JudgeAsync(Share.Embedded(TestChain.ChildHeader(cheap) with { Miner = new MinerId(Peer.Bytes) }, 0));
        Assert.That(_proofs, Is.EqualTo(proofs));
        Assert.That(_standing.IsProven(Peer), Is.False);
    }

    [Test]
    public async Task ShareOfSomebodyElse_ProvesNobody()
    {
        await JudgeAsync(TestChain.Child(_tree.Tip));
        Assert.That(_standing.IsProven(Peer), Is.False);
    }

    [Test]
    public async Task Message_DamagedInAnyWay_IsAShareOrRejected()
    {
        byte[][] originals =
        [
            ShareMessageCodec.Encode(TestChain.Child(_tree.Tip)), ShareMessageCodec.Encode(TestChain.MoneroShare(TestChain.ChildHeader(_tree.Tip), 5)),
        ];
        Random random = new(20261121);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = Mutation.Of(originals[i % 2], random);
            if (!ShareMessageCodec.TryDecode(bytes, out Share? share))
                Assert.That(await JudgeAsync(bytes), Is.EqualTo(Verdict.Reject));
            else
                Assert.That(ShareMessageCodec.TryDecode(ShareMessageCodec.Encode(share), out Share? again) && again.Id == share.Id, Is.True);
        }
    }

    private Proof Prove()
    {
        _proofs++;
        return _proof;
    }

    private Task<Verdict> JudgeAsync(Share share) => JudgeAsync(ShareMessageCodec.Encode(share));

    private Task<Verdict> JudgeAsync(byte[] data) =>
        _gossip.JudgeAsync(new PubSubMessage("/topic", data, Peer, 1, Peer, Array.Empty<byte>()), CancellationToken.None).AsTask();
}
