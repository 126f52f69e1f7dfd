using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster.Entry;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class StrangerTimeTests
{
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);
    private readonly Standing _standing = new();
    private TimeSpan _cost = StrangerTime.Burst / 8;

    [Test]
    public void Strangers_HaveLittleTogether_HoweverMany_AndAPartOfTheProcessorsLater()
    {
        StrangerTime strangers = new(_standing, processors: 4, () => _cost, _time);
        Assert.That(Enumerable.Range(0, 100).Count(i => strangers.TryTakeProof(Peer(i))), Is.EqualTo(8));
        _time.Advance(3.5 * _cost / (4 * StrangerTime.Part));
        Assert.That(Enumerable.Range(0, 100).Count(i => strangers.TryTakeProof(Peer(i))), Is.EqualTo(4), "the last one on credit");
    }

    [Test]
    public void Checks_ThatTurnOutDear_AreFewer()
    {
        StrangerTime strangers = new(_standing, processors: 1, () => _cost, _time);
        _cost = 10 * StrangerTime.Burst;
        Assert.That(strangers.TryTakeProof(Peer(0)), Is.True);
        _time.Advance((9 * StrangerTime.Burst / StrangerTime.Part) - TimeSpan.FromMilliseconds(1));
        Assert.That(strangers.IsLeftFor(Peer(0)), Is.False);
        _time.Advance(StrangerTime.Burst / StrangerTime.Part);
        Assert.That(strangers.TryTakeProof(Peer(0)), Is.True);
    }

    [Test]
    public void ChecksInVain_AreOwed()
    {
        StrangerTime strangers = new(_standing, processors: 1, () => _cost, _time);
        strangers.SpendProofs(Peer(0), 8);
        Assert.That(strangers.IsLeftFor(Peer(1)), Is.False);
        Assert.That(strangers.TryTakeProof(Peer(1)), Is.False);
    }

    [Test]
    public void Member_WhoHasProvedHimself_IsNotCounted()
    {
        StrangerTime strangers = new(_standing, processors: 1, () => _cost, _time);
        _standing.Prove(Peer(0));
        strangers.SpendProofs(Peer(0), 100);
        Assert.That(Enumerable.Range(0, 100).Count(_ => strangers.TryTakeProof(Peer(0))), Is.EqualTo(100));
        Assert.That(strangers.IsLeftFor(Peer(1)), Is.True);
        _standing.Lose(Peer(0));
        Assert.That(Enumerable.Range(0, 100).Count(_ => strangers.TryTakeProof(Peer(0))), Is.EqualTo(8));
    }

    [Test]
    public void Standing_IsKeptForThoseHeardLast()
    {
        for (int i = 0; i < Standing.Capacity; i++)
            _standing.Prove(Peer(i));
        _standing.Prove(Peer(0));
        _standing.Prove(Peer(Standing.Capacity));
        Assert.That(_standing.IsProven(Peer(0)), Is.True);
        Assert.That(_standing.IsProven(Peer(1)), Is.False);
        Assert.That(_standing.IsProven(Peer(Standing.Capacity)), Is.True);
    }

    [Test]
    public void Standing_OfAShareThatTookLittle_EndsWhenSharesTakeMuchMore()
    {
        _standing.Prove(Peer(0), 100);
        _standing.Prove(Peer(1), 5000);
        _standing.Require(100);
        Assert.That(_standing.IsProven(Peer(0)), Is.True);
        _standing.Require(101);
        Assert.That((_standing.IsProven(Peer(0)), _standing.IsProven(Peer(1))), Is.EqualTo((false, true)));
        int gained = 0;
        _standing.Proven += _ => gained++;
        _standing.Prove(Peer(0), 200);
        Assert.That((_standing.IsProven(Peer(0)), gained), Is.EqualTo((true, 1)));
    }

    [Test]
    public void Caches_OfKeysThatStrangersUse_AreFew_AndPaidForOnce()
    {
        HashSet<Hash256> filled = [];
        StrangerTime strangers = new(_standing, processors: 1, () => _cost, _time, key => !filled.Contains(key));
        _standing.Prove(Peer(9));
        Assert.That(strangers.TryTakeCache(Peer(0), Key(1)), Is.True);
        Assert.That(strangers.TryTakeCache(Peer(1), Key(1)), Is.True, "the same cache");
        Assert.That(strangers.TryTakeCache(Peer(0), Key(2)), Is.True);
        Assert.That(strangers.TryTakeCache(Peer(0), Key(3)), Is.False, "two at once");
        Assert.That(strangers.TryTakeCache(Peer(9), Key(3)), Is.True, "he has proved himself");
        filled.Add(Key(3));
        Assert.That(strangers.TryTakeCache(Peer(0), Key(3)), Is.True, "it is there");
        Assert.That(strangers.IsLeftFor(Peer(1)), Is.True, "jobs of new publishers are read all the same");
        _time.Advance(StrangerTime.CachePause);
        Assert.That(new[] { 4, 5 }.Select(key => strangers.TryTakeCache(Peer(0), Key(key))), Is.EqualTo(new[] { true, false }));
    }

    [Test]
    public void Caches_AreNotFilledForStrangers_WhenNoTimeIsLeftToCheckAnything()
    {
        StrangerTime strangers = new(_standing, processors: 1, () => _cost, _time, _ => true);
        strangers.SpendProofs(Peer(0), 8);
        Assert.That(strangers.TryTakeCache(Peer(0), Key(1)), Is.False);
        _time.Advance(_cost / StrangerTime.Part);
        Assert.That(strangers.TryTakeCache(Peer(0), Key(1)), Is.True);
    }

    private static Hash256 Key(int number) => new([.. Enumerable.Repeat((byte)number, Hash256.Size)]);

    private static PeerId Peer(int number)
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, number);
        return PeerId.FromEd25519(key);
    }
}
