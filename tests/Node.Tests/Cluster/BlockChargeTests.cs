using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Blocks;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Jobs;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.Node.Tests.Sources.Monero;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Node.Tests.Cluster;

/// <summary>What blocks of strangers may cost.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class BlockChargeTests
{
    /// <summary>What strangers have at once, in proofs: fewer than one of them may have checked.</summary>
    private const int Proofs = 3;

    private static readonly PeerId Stranger = PeerId.FromEd25519(new byte[32]);
    private static readonly PeerId Proven = PeerId.FromEd25519([1, .. new byte[31]]);
    private static readonly Hash256 Key = Hash256.Parse(new string('a', 64));
    private static readonly Hash256 Parent = Hash256.Parse(new string('b', 64));
    private static readonly Hash256 OtherParent = Hash256.Parse(new string('c', 64));

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly Standing _standing = new();
    private readonly BlockGossip _blocks;
    private Proof _proof = Proof.Valid;
    private int _proofs;
    private uint _nonce;

    public BlockChargeTests()
    {
        StrangerTime strangers = new(_standing, processors: 1, () => StrangerTime.Burst / Proofs, _time);
        _blocks = new BlockGossip("/topic", new MemberView(_time), _ => true, (_, _, _, _) => Task.FromResult(Prove()), strangers, _ => null, _time, NullLogger.Instance);
        _blocks.Remember(SampleTemplate.Job(SampleTemplate.Read(20, Parent, Key, 1)));
        _standing.Prove(Proven);
    }

    [TestCase(Proof.Valid, Verdict.Accept)]
    [TestCase(Proof.Invalid, Verdict.Reject)]
    [TestCase(Proof.Unknown, Verdict.Ignore)]
    public async Task Blocks_OfStrangers_ArePaidForWithTheirTime_WhateverComesOut(Proof proof, Verdict verdict)
    {
        _proof = proof;
        for (int i = 0; i < Proofs; i++)
            Assert.That(await JudgeAsync(Stranger, Parent), Is.EqualTo(verdict));
        Assert.That(await JudgeAsync(Stranger, Parent), Is.EqualTo(Verdict.Ignore));
        Assert.That(_proofs, Is.EqualTo(Proofs), "none is hashed when no time is left");

        _time.Advance(StrangerTime.Burst / Proofs / StrangerTime.Part);
        Assert.That(await JudgeAsync(Stranger, Parent), Is.EqualTo(verdict));
        Assert.That(_proofs, Is.EqualTo(Proofs + 1));
    }

    [Test]
    public async Task Blocks_OnAnUnknownParent_ArePaidForAsWell()
    {
        _proof = Proof.Invalid;
        for (int i = 0; i < Proofs + 1; i++)
            Assert.That(await JudgeAsync(Stranger, OtherParent), Is.EqualTo(Verdict.Ignore));
        Assert.That(_proofs, Is.EqualTo(Proofs));
    }

    [Test]
    public async Task Blocks_OfMembersWhoHaveProvedThemselves_CostStrangersNothing_UntilOneIsWithoutWork()
    {
        for (int i = 0; i < 2 * Proofs; i++)
            Assert.That(await JudgeAsync(Proven, Parent), Is.EqualTo(Verdict.Accept));
        _proof = Proof.Invalid;
        Assert.That(await JudgeAsync(Proven, OtherParent), Is.EqualTo(Verdict.Ignore));
        Assert.That(_standing.IsProven(Proven), Is.True, "nobody can be blamed for a block on an unknown parent");
        Assert.That(await JudgeAsync(Proven, Parent), Is.EqualTo(Verdict.Reject));
        Assert.That(_standing.IsProven(Proven), Is.False);

        _proofs = 0;
        _proof = Proof.Valid;
        for (int i = 0; i < Proofs; i++)
            Assert.That(await JudgeAsync(Stranger, Parent), Is.EqualTo(Verdict.Accept));
        Assert.That(_proofs, Is.EqualTo(Proofs), "all of their time was there");
    }

    private async Task<Verdict> JudgeAsync(PeerId from, Hash256 parent)
    {
        byte[] blob = SampleTemplate.Job(SampleTemplate.Read(20, parent, Key, 1)).BuildBlock(1, ++_nonce, DateTimeOffset.UnixEpoch).Blob;
        return await _blocks.JudgeAsync(new TravellingBlock(blob, Key), from, CancellationToken.None);
    }

    private Proof Prove()
    {
        _proofs++;
        return _proof;
    }
}
