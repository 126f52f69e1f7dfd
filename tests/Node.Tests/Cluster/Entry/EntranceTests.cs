using System.Net;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.Node.Tests.Cluster.Entry;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class EntranceTests
{
    private static readonly IPAddress Here = IPAddress.Parse("192.168.1.2");

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);
    private readonly Standing _standing = new();
    private readonly Entrance _entrance;
    private int _names;

    public EntranceTests() => _entrance = new Entrance(_standing, _time);

    [Test]
    public void Host_HasSoManyHandshakes_ThenOneASecond()
    {
        Assert.That(Knocks(Here, 1000), Is.EqualTo((int)Entrance.HostHandshakes));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.That(Knocks(Here, 1000), Is.EqualTo((int)(5 * Entrance.HostHandshakeRate)));
    }

    [Test]
    public void ManyHosts_HaveSoManyHandshakesTogether_ButNotThoseOfMembers()
    {
        _entrance.Know(Here);
        Assert.That(Enumerable.Range(1, 250).Sum(i => Knocks(Address(i), 10)), Is.EqualTo((int)Entrance.NewHandshakes));
        Assert.That(Knocks(Here, 1), Is.EqualTo(1));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(Enumerable.Range(1, 250).Sum(i => Knocks(Address(i), 10)), Is.EqualTo((int)(2 * Entrance.NewHandshakeRate)));
    }

    [Test]
    public void Host_GetsInSoManyStrangers_ThenOneInAWhile()
    {
        Assert.That(Strangers(Here, 100), Is.EqualTo((int)Entrance.HostStrangers));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.That(Strangers(Here, 100), Is.EqualTo((int)(30 * Entrance.HostStrangerRate)));
    }

    [Test]
    public void ManyHosts_GetInSoManyStrangersTogether_AndDoNotKeepThisNodeFromDialling()
    {
        Assert.That(Enumerable.Range(1, 250).Sum(i => Strangers(Address(i), 10)), Is.EqualTo((int)Entrance.AllStrangers));
        Assert.That(_entrance.MayEnter(Name(), Here, Direction.Outbound), Is.True);
    }

    [Test]
    public void Member_WhoHasProvedHimself_IsAlwaysLetIn_AndTheOnlyOneWhileHisHostRests()
    {
        PeerId member = Name();
        _standing.Prove(member);
        Strangers(Here, 100);
        _entrance.Blame(Here);
        for (int i = 0; i < 100; i++)
            Assert.That(_entrance.MayEnter(member, Here, Direction.Inbound), Is.True);
        Assert.That(_entrance.MayEnter(Name(), Here, Direction.Inbound), Is.False);
    }

    [Test]
    public void Host_ThatOneWasShutOutOf_Rests_EachTimeTwiceAsLong()
    {
        TimeSpan rest = Entrance.FirstRest;
        for (int i = 0; i < 12; i++)
        {
            _entrance.Blame(Here);
            TimeSpan expected = rest < Entrance.LongestRest ? rest : Entrance.LongestRest;
            _time.Advance(expected - TimeSpan.FromMilliseconds(1));
            Assert.That(Knocks(Here, 1), Is.Zero, $"after offence {i + 1}");
            Assert.That(Strangers(Here, 1), Is.Zero);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.That(Knocks(Here, 1), Is.EqualTo(1), $"after offence {i + 1}");
            rest *= 2;
        }
        Assert.That(Knocks(Address(9), 1), Is.EqualTo(1), "others have nothing to do with it");
    }

    [Test]
    public void Host_IsForgiven()
    {
        _entrance.Blame(Here);
        _time.Advance(Entrance.FirstRest);
        _entrance.Blame(Here);
        _time.Advance(Entrance.Memory + TimeSpan.FromSeconds(1));
        _entrance.Blame(Here);
        _time.Advance(Entrance.FirstRest);
        Assert.That(Knocks(Here, 1), Is.EqualTo(1));
    }

    [Test]
    public void ConnectionsOfOneMember_ThatEndTogether_CountOnce()
    {
        _entrance.Blame(Here);
        _entrance.Blame(Here);
        _time.Advance(Entrance.FirstRest);
        Assert.That(Knocks(Here, 1), Is.EqualTo(1));
    }

    [Test]
    public void HostOfAMember_RestsForAMinuteAtMost()
    {
        _entrance.Know(Here);
        for (int i = 0; i < 10; i++)
        {
            _entrance.Blame(Here);
            _time.Advance(Entrance.SharedRest);
            Assert.That(Knocks(Here, 1), Is.EqualTo(1));
        }
    }

    [Test]
    public void ThisMachine_IsLimitedInNothing()
    {
        _entrance.Blame(IPAddress.Loopback);
        Assert.That(Knocks(IPAddress.Loopback, 1000), Is.EqualTo(1000));
        Assert.That(Strangers(IPAddress.IPv6Loopback, 1000), Is.EqualTo(1000));
    }

    [Test]
    public void IPv6Addresses_OfOneNetwork_AreOneHost()
    {
        _entrance.Blame(IPAddress.Parse("fd00::1:2"));
        Assert.That(Knocks(IPAddress.Parse("fd00::3:4"), 1), Is.Zero);
        Assert.That(Knocks(IPAddress.Parse("fd00:0:0:1::1"), 1), Is.EqualTo(1));
    }

    [Test]
    public void Hosts_ThatRestAreForgottenLast()
    {
        for (int i = 0; i < 8; i++)
        {
            _entrance.Blame(Here);
            _time.Advance(Entrance.LongestRest);
        }
        _entrance.Blame(Here);
        for (int i = 0; i < 2 * Entrance.MaxHosts; i++)
            _entrance.MayKnock(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]));
        Assert.That(_entrance.MayKnock(Here), Is.False);
    }

    private static IPAddress Address(int number) => new([192, 168, 7, (byte)number]);

    private int Knocks(IPAddress address, int times) => Enumerable.Range(0, times).Count(_ => _entrance.MayKnock(address));

    private int Strangers(IPAddress address, int times) => Enumerable.Range(0, times).Count(_ => _entrance.MayEnter(Name(), address, Direction.Inbound));

    private PeerId Name()
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, ++_names);
        return PeerId.FromEd25519(key);
    }
}
