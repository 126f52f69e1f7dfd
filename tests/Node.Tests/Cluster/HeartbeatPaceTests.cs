using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class HeartbeatPaceTests
{
    private static readonly PeerId One = Peer(1), Other = Peer(2);

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);

    [Test]
    public void Heartbeats_ComeAtIntervals_AndNothingIsLookedAtBetween()
    {
        HeartbeatPace pace = new(_time);
        _time.Advance(HeartbeatPace.Expectation);
        Assert.That(pace.Take([One]), Is.True, "the first at once");
        Assert.That(pace.Pause, Is.EqualTo(MemberView.Interval));

        _time.Advance(MemberView.Interval - TimeSpan.FromMilliseconds(1));
        Assert.That(pace.Take([One]), Is.False);
        Assert.That(pace.Pause, Is.EqualTo(TimeSpan.FromMilliseconds(1)));

        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(pace.Take([]), Is.True);
        Assert.That(pace.Pause, Is.EqualTo(MemberView.Interval));
    }

    [Test]
    public void NewListener_IsGreetedAtOnce_AndExpectedAfterConnecting()
    {
        HeartbeatPace pace = new(_time);
        _time.Advance(HeartbeatPace.Expectation);
        Assert.That(pace.Take([One]), Is.True);

        pace.Connected();
        Assert.That(pace.Pause, Is.EqualTo(HeartbeatPace.Look));
        _time.Advance(HeartbeatPace.Look);
        Assert.That(pace.Take([One]), Is.False, "it does not listen yet");
        Assert.That(pace.Take([One, Other]), Is.True);
        Assert.That(pace.Take([Other]), Is.False, "who goes is not greeted");
        Assert.That(pace.Take([One, Other]), Is.False, "who was there within the interval is known");

        _time.Advance(HeartbeatPace.Expectation);
        Assert.That(pace.Take([One, Other]), Is.True);
        Assert.That(pace.Pause, Is.EqualTo(MemberView.Interval), "nobody is expected any more");
    }

    private static PeerId Peer(byte seed)
    {
        byte[] bytes = new byte[Ed25519KeyPair.SeedSize];
        bytes[0] = seed;
        return PeerId.FromEd25519(Ed25519KeyPair.FromSeed(bytes).PublicKey);
    }
}
