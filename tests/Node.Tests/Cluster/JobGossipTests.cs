using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Blocks;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Jobs;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.Node.Tests.Sources.Monero;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class JobGossipTests
{
    private static readonly PeerId Peer = PeerId.FromEd25519(new byte[32]);
    private static readonly PeerId Stranger = PeerId.FromEd25519([.. Enumerable.Repeat((byte)1, 32)]);
    private static readonly Hash256 Key = Hash256.Parse(new string('a', 64));
    private static readonly Hash256 Parent = Hash256.Parse(new string('b', 64));

    /// <summary>So that no test comes to the limit but the one that is about it.</summary>
    private static readonly TimeSpan ProofCost = TimeSpan.FromMilliseconds(1);

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly ForeignJobs _jobs = new();
    private readonly KnownKeys _keys = new();
    private readonly List<FoundBlock> _relayed = [];
    private readonly MemberView _view;
    private readonly BlockGossip _blocks;
    private readonly JobGossip _gossip;
    private readonly StrangerTime _strangers;
    private Proof _proof = Proof.Valid;
    private int _proofs;
    private ulong _number;
    private ulong _beat;

    public JobGossipTests()
    {
        _view = new MemberView(_time);
        _strangers = new StrangerTime(new Standing(), processors: 1, () => ProofCost, _time);
        _blocks = new BlockGossip("/topic", _view, _keys.Contains, (_, _, _, _) => Task.FromResult(Prove()), _strangers, Relay, _time, NullLogger.Instance);
        _gossip = new JobGossip("/topic", _view, _jobs, _keys, _blocks, _strangers, Stranger, _time, NullLogger.Instance);
        Beat(Peer);
    }

    [Test]
    public async Task Job_OfAMember_IsOnTheBoardAndPassedOn_AndItsKeyIsKnown()
    {
        Assert.That(await JudgeAsync(Job(20)), Is.EqualTo(Verdict.Accept));
        Assert.That(_jobs.All.Single().Publisher, Is.EqualTo(Peer));
        Assert.That(_keys.Contains(Key), Is.True);
    }

    [Test]
    public async Task Job_OfAStranger_IsNotLookedAtWhenThereIsNoTimeForStrangers_ButThatOfAMemberIsWhoHasProvedHimself()
    {
        _strangers.SpendProofs(Stranger, (int)(StrangerTime.Burst / ProofCost));
        Assert.That(await JudgeAsync(Job(20)), Is.EqualTo(Verdict.Ignore));
        _strangers.Standing.Prove(Peer);
        Assert.That(await JudgeAsync(Job(20)), Is.EqualTo(Verdict.Accept));
    }

    [Test]
    public async Task Job_OfAPublisherThatIsSilent_IsNotMinedFromBeforeThreeHeartbeatsAreMissed_UntilItIsHeardAgain()
    {
        Beat(Peer, hasDaemon: true);
        await JudgeAsync(Job(20));
        _time.Advance(JobGossip.Silence);
        _gossip.DropSilent();
        Assert.That(_jobs.All, Has.Count.EqualTo(1));
        _time.Advance(TimeSpan.FromMilliseconds(500));
        _gossip.DropSilent();
        Assert.That(_jobs.All, Is.Empty);
        Assert.That(_view.Contains(Peer), Is.True, "it is a member for a little longer");
        Beat(Peer, hasDaemon: true);
        _gossip.DropSilent();
        Assert.That(_jobs.All, Has.Count.EqualTo(1));
        Assert.That(JobGossip.Silence + TimeSpan.FromMilliseconds(500), Is.LessThan(3 * MemberView.Interval));
    }

    [Test]
    public async Task Job_ThatIsNewerThanTheHeartbeat_StaysAlthoughThatNamesNoDaemon()
    {
        Beat(Peer);
        _time.Advance(TimeSpan.FromSeconds(1));
        await JudgeAsync(Job(20));
        _gossip.DropSilent();
        Assert.That(_jobs.All, Has.Count.EqualTo(1));
        Beat(Peer);
        _gossip.DropSilent();
        Assert.That(_jobs.All, Is.Empty);
    }

    [Test]
    public async Task Job_ThatIsForgedOrNoJobAtAll_IsHeldAgainstItsSender()
    {
        Assert.That(await JudgeAsync(WorkCodec.Encode(SampleTemplate.Read(20, Parent, Key, 0))!), Is.EqualTo(Verdict.Reject));
        Assert.That(await JudgeAsync([1, 2, 3]), Is.EqualTo(Verdict.Reject));
        Assert.That(await JudgeAsync(new byte[WorkCodec.MaxSize + 1]), Is.EqualTo(Verdict.Reject));
        Assert.That(_jobs.All, Is.Empty);
    }

    [Test]
    public async Task Job_OfSomebodyUnknown_WaitsForHisHeartbeatAndNoLonger()
    {
        Task<Verdict> early = JudgeAsync(Job(20), Stranger);
        Assert.That(early.IsCompleted, Is.False);
        Beat(Stranger);
        Assert.That(await early, Is.EqualTo(Verdict.Accept));

        PeerId other = PeerId.FromEd25519([.. Enumerable.Repeat((byte)2, 32)]);
        Task<Verdict>[] waiting = [.. Enumerable.Range(0, 8).Select(_ => JudgeAsync(Job(20), other))];
        Assert.That(await JudgeAsync(Job(20), other), Is.EqualTo(Verdict.Ignore), "too many wait");
        _time.Advance(MemberView.Interval);
        Assert.That(await Task.WhenAll(waiting), Has.All.EqualTo(Verdict.Ignore));
    }

    [Test]
    public async Task Jobs_UnderOneKeyAfterTheOther_AreNotTaken()
    {
        string[] keys = ["c", "d", "e", "f"];
        List<Verdict> verdicts = [];
        foreach (string key in keys)
            verdicts.Add(await JudgeAsync(WorkCodec.Encode(SampleTemplate.Read(20, Parent, Hash256.Parse(string.Concat(Enumerable.Repeat(key, 64))), 1000))!));
        Assert.That(verdicts, Is.EqualTo(new[] { Verdict.Accept, Verdict.Accept, Verdict.Ignore, Verdict.Ignore }));
        Assert.That(_keys.All, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Keys_ThatStrangersName_DoNotBarThoseOfAMemberWhoHasProvedHimself()
    {
        await NameKeysAsync();
        Assert.That(await JudgeAsync(Job(20)), Is.EqualTo(Verdict.Ignore));
        _strangers.Standing.Prove(Peer);
        Assert.That(await JudgeAsync(Job(20)), Is.EqualTo(Verdict.Accept));
    }

    [Test]
    public async Task Key_ThatAProvenMemberWithADaemonKnows_IsTakenFromAnybody()
    {
        await NameKeysAsync();
        PeerId proven = PeerId.FromEd25519([.. Enumerable.Repeat((byte)9, 32)]);
        Beat(proven, hasDaemon: true, Key);
        Assert.That(await JudgeAsync(Job(20)), Is.EqualTo(Verdict.Ignore));
        _strangers.Standing.Prove(proven);
        Beat(proven, hasDaemon: false, Key);
        Assert.That(await JudgeAsync(Job(20)), Is.EqualTo(Verdict.Ignore));
        Beat(proven, hasDaemon: true, Key);
        Assert.That(await JudgeAsync(Job(20)), Is.EqualTo(Verdict.Accept));
        Assert.That(_keys.Contains(Key), Is.True);
    }

    [Test]
    public async Task NextKey_BeyondThoseThatAMemberMayName_IsLeftOut_AndTheJobIsTaken()
    {
        string[] next = ["c", "d"];
        foreach (string digit in next)
            Assert.That(await JudgeAsync(JobUnder(Key, Hash256.Parse(string.Concat(Enumerable.Repeat(digit, 64))))), Is.EqualTo(Verdict.Accept));
        Assert.That((_jobs.All.Single().Key, _jobs.All.Single().NextKey), Is.EqualTo((Key, (Hash256?)null)));
        Assert.That(_keys.All, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Flood_OfJobs_IsNotReadBeyondItsBudget()
    {
        for (int i = 0; i < 40; i++)
            Assert.That(await JudgeAsync(Job(20)), Is.EqualTo(Verdict.Accept));
        Assert.That(await JudgeAsync([1, 2, 3]), Is.EqualTo(Verdict.Ignore));
    }

    [Test]
    public async Task Block_OfAMember_GoesToTheDaemonOnce_AndIsAnsweredEachTime()
    {
        await JudgeAsync(Job(20));
        _blocks.Remember(SampleTemplate.Job(SampleTemplate.Read(20, Parent, Key, 1000)));
        byte[] block = Block(20, Parent, out Hash256 id);
        Assert.That(await JudgeAsync(block), Is.EqualTo(Verdict.Accept));
        Assert.That(await JudgeAsync(block), Is.EqualTo(Verdict.Accept));
        Assert.That(_relayed.Select(found => found.Id), Is.EqualTo(new[] { id }));
        Assert.That(_proofs, Is.EqualTo(1));
    }

    [Test]
    public async Task Block_WithoutWork_IsHeldAgainstItsSender_UnlessItsParentIsNotKnown()
    {
        _proof = Proof.Invalid;
        Assert.That(await JudgeAsync(Block(20, Parent, out _)), Is.EqualTo(Verdict.Ignore), "no job at all is known");
        Assert.That(_proofs, Is.Zero);
        await JudgeAsync(Job(20));
        Assert.That(await JudgeAsync(Block(20, Parent, out _)), Is.EqualTo(Verdict.Reject));
        Assert.That(await JudgeAsync(Block(20, Key, out _)), Is.EqualTo(Verdict.Ignore));
        Assert.That(await JudgeAsync(WorkCodec.Encode(new TravellingBlock([1], Key))!), Is.EqualTo(Verdict.Reject));
        Assert.That(await JudgeAsync(WorkCodec.Encode(new TravellingBlock(SampleTemplate.Read(20, Parent, Key, 1).Blob, Parent))!), Is.EqualTo(Verdict.Ignore), "its key is unknown");
        Assert.That(_relayed, Is.Empty);
    }

    [Test]
    public async Task Finder_WithoutADaemonWaitsForTheOthers()
    {
        FoundBlock block = Found();
        Assert.That(await _blocks.OfferAsync(block, CancellationToken.None), Is.Null, "nobody has a daemon");
        Beat(Peer, hasDaemon: true);
        Beat(Stranger, hasDaemon: true);

        Task<BlockOutcome?> offer = _blocks.OfferAsync(block, CancellationToken.None);
        Assert.That(await JudgeAsync(WorkCodec.Encode(new BlockFate(block.Id, false, "no")), Stranger), Is.EqualTo(Verdict.Accept));
        Assert.That(offer.IsCompleted, Is.False);
        await JudgeAsync(WorkCodec.Encode(new BlockFate(block.Id, true, "yes")));
        BlockOutcome outcome = (await offer)!;
        Assert.That((outcome.Verdict, outcome.IsHearsay), Is.EqualTo((BlockVerdict.Accepted, true)));
        Assert.That(_blocks.HasSilent(block.Id), Is.False);

        offer = _blocks.OfferAsync(block, CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.That((await offer)!.Verdict, Is.EqualTo(BlockVerdict.Pending), "nobody answers");
        Beat(PeerId.FromEd25519([.. Enumerable.Repeat((byte)2, 32)]), hasDaemon: true);
        Assert.That(_blocks.HasSilent(block.Id), Is.True, "somebody else has come");
    }

    [Test]
    public async Task Refusal_OfOthersDaemons_CountsWhenTheBlockIsOld()
    {
        FoundBlock block = Found();
        Assert.That(await RefusedAsync(block), Is.EqualTo(BlockVerdict.Pending));
        _time.Advance(BlockGossip.RefusalPatience + TimeSpan.FromSeconds(1));
        Assert.That(await RefusedAsync(block), Is.EqualTo(BlockVerdict.Rejected));
    }

    private async Task<BlockVerdict> RefusedAsync(FoundBlock block)
    {
        Beat(Peer, hasDaemon: true);
        Task<BlockOutcome?> offer = _blocks.OfferAsync(block, CancellationToken.None);
        await JudgeAsync(WorkCodec.Encode(new BlockFate(block.Id, false, "no")));
        return (await offer)!.Verdict;
    }

    private FoundBlock Found() => SampleTemplate.Job(SampleTemplate.Read(20, Parent, Key, 1)).BuildBlock(1, 2, _time.GetUtcNow());

    /// <summary>Two members take what all strangers together may have.</summary>
    private async Task NameKeysAsync()
    {
        for (int i = 0; i < 4; i++)
        {
            PeerId stranger = PeerId.FromEd25519([.. Enumerable.Repeat((byte)(10 + i / 2), 32)]);
            Beat(stranger);
            Assert.That(await JudgeAsync(JobUnder(Hash256.Parse(string.Concat(Enumerable.Repeat($"{i}", 64)))), stranger), Is.EqualTo(Verdict.Accept));
        }
    }

    /// <summary>Of a height at which the next key is known.</summary>
    private static byte[] JobUnder(Hash256 key, Hash256? next = null) =>
        WorkCodec.Encode(SampleTemplate.Read(SeedHeight.EpochLength + 1, Parent, key, 1000) with { NextSeedHash = next })!;

    private static byte[] Job(ulong height) => WorkCodec.Encode(SampleTemplate.Read(height, Parent, Key, 1000))!;

    private static byte[] Block(ulong height, Hash256 parent, out Hash256 id)
    {
        FoundBlock block = SampleTemplate.Job(SampleTemplate.Read(height, parent, Key, 1)).BuildBlock(1, 2, DateTimeOffset.UnixEpoch);
        id = block.Id;
        return WorkCodec.Encode(new TravellingBlock(block.Blob, Key))!;
    }

    private void Beat(PeerId peer, bool hasDaemon = false, params Hash256[] keys)
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        MemberStatus status = new() { Version = "1.0.0", Sequence = ++_beat, Tip = new ChainTip(0, Hash256.Zero, 1), HasDaemon = hasDaemon, KnownKeys = keys };
        Assert.That(_view.Offer(peer, status), Is.True);
    }

    private Proof Prove()
    {
        _proofs++;
        return _proof;
    }

    private Task<BlockOutcome>? Relay(FoundBlock block)
    {
        _relayed.Add(block);
        return Task.FromResult(new BlockOutcome(BlockVerdict.Accepted, "here"));
    }

    private Task<Verdict> JudgeAsync(byte[] data, PeerId? from = null) => _gossip.JudgeAsync(
        new PubSubMessage("/topic", data, from ?? Peer, ++_number, Peer, Array.Empty<byte>()), CancellationToken.None).AsTask();
}
