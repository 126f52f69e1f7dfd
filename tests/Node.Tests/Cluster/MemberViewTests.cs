using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class MemberViewTests
{
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 11, 21, 0, 0, 0, TimeSpan.Zero));
    private readonly MemberView _view;

    public MemberViewTests() => _view = new MemberView(_time);

    [Test]
    public void Member_IsThereAsLongAsItIsHeard()
    {
        Assert.That(_view.Offer(Peer(1), Beat(1)), Is.True);
        _time.Advance(MemberView.Lifetime);
        Assert.That(_view.Contains(Peer(1)), Is.True);
        Assert.That(_view.Offer(Peer(1), Beat(2)), Is.True);
        _time.Advance(MemberView.Lifetime);
        Assert.That(_view.Members, Has.Count.EqualTo(1));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(_view.Members, Is.Empty);
    }

    [Test]
    public void Heartbeat_ThatIsOldOrTwice_DoesNotCount_ButANewRunDoes()
    {
        Assert.That(_view.Offer(Peer(1), Beat(5)), Is.True);
        Assert.That(_view.Offer(Peer(1), Beat(5)), Is.False);
        Assert.That(_view.Offer(Peer(1), Beat(4)), Is.False);
        int joined = 0;
        _view.Joined += _ => joined++;
        Assert.That(_view.Offer(Peer(1), Beat(1) with { Run = 9 }), Is.True);
        Assert.That(joined, Is.EqualTo(1));
    }

    [Test]
    public void Flood_OfOneMemberIsCut_AndOfMembersBounded()
    {
        Assert.That(Enumerable.Range(1, 100).Count(i => _view.Offer(Peer(1), Beat((ulong)i))), Is.EqualTo(8));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_view.Offer(Peer(1), Beat(200)), Is.True);
        Assert.That(_view.Offer(Peer(1), Beat(201)), Is.False);
        for (int i = 2; i < 2 * MemberView.MaxMembers; i++)
            _view.Offer(Peer(i), Beat(1));
        Assert.That(_view.Members, Has.Count.EqualTo(MemberView.MaxMembers));
    }

    [Test]
    public void Key_OfALiveMember_IsKnownUntilItIsGone()
    {
        Hash256 key = HeartbeatCodecTests.Sample.KnownKeys[0];
        Assert.That(_view.IsKeyKnown(key), Is.False);
        _view.Offer(Peer(1), Beat(1));
        Assert.That(_view.IsKeyKnown(key), Is.True);
        Assert.That(_view.IsKeyKnown(Hash256.Zero), Is.False);
        _time.Advance(MemberView.Lifetime + TimeSpan.FromSeconds(1));
        Assert.That(_view.IsKeyKnown(key), Is.False);
    }

    private static MemberStatus Beat(ulong sequence) => HeartbeatCodecTests.Sample with { Sequence = sequence };

    private static PeerId Peer(int number)
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, number);
        return PeerId.FromEd25519(key);
    }
}
