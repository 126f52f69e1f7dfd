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

    /// <summary>One neighbour brings heartbeats of as many names as he likes.</summary>
    [Test]
    public void NamesThatSomebodyMakesUp_TakeNoPlaceFromMembersThatAreConnectedOrProven_NorAllThatIsLeft()
    {
        HashSet<PeerId> connected = [Peer(1), Peer(2)];
        HashSet<PeerId> proven = [];
        MemberView view = new(_time, proven.Contains, connected.Contains);
        int id = 10;
        Assert.That(Enumerable.Range(0, 2000).Count(_ => view.Offer(Peer(id++), Beat(1), Peer(1))), Is.EqualTo(MemberPlaces.PerNeighbour));
        for (int neighbour = 2; neighbour < 6; neighbour++)
        {
            connected.Add(Peer(neighbour));
            for (int i = 0; i < 2000; i++)
                view.Offer(Peer(id++), Beat(1), Peer(neighbour));
        }
        Assert.That(view.Members, Has.Count.EqualTo(MemberView.MaxMembers));

        foreach (int neighbour in Enumerable.Range(1, 5))
            Assert.That(view.Offer(Peer(neighbour), Beat(1), Peer(neighbour)), Is.True, $"neighbour {neighbour}");
        proven.Add(Peer(8));
        Assert.That(view.Offer(Peer(8), Beat(1), Peer(1)), Is.True);
        Assert.That(view.Offer(Peer(9), Beat(1), Peer(7)), Is.True, "the neighbour who brings the most gives way");
        Assert.That(view.Members, Has.Count.EqualTo(MemberView.MaxMembers));
        for (int i = 0; i < 2000; i++)
            view.Offer(Peer(id++), Beat(1), Peer(5));
        Assert.That(new[] { 1, 2, 3, 4, 5, 8, 9 }.Select(number => view.Contains(Peer(number))), Has.All.True);
    }

    [Test]
    public void Daemons_OfNamesThatSomebodyMakesUp_AreHardlyCounted()
    {
        MemberView view = new(_time, isConnected: Peer(1).Equals);
        view.Offer(Peer(1), Beat(1) with { HasDaemon = true });
        for (int i = 2; i < 100; i++)
            view.Offer(Peer(i), Beat(1) with { HasDaemon = true }, Peer(1));
        Assert.That(view.DaemonCount, Is.EqualTo(1 + MemberView.MaxHeardDaemons));
    }

    [Test]
    public void Keys_OfStrangers_AreBelievedWithinAnAllowance_UntilAProvenMemberNamesSome()
    {
        HashSet<PeerId> proven = [];
        MemberView view = new(_time, proven.Contains, peer => !peer.Equals(Peer(9)));
        view.Offer(Peer(1), Naming(1, 1, 2, 3, 4));
        view.Offer(Peer(9), Naming(1, 20));
        Assert.That(view.IsKeyKnown(Key(20)), Is.False, "by hearsay");
        Assert.That(new[] { 3, 2, 1, 4 }.Select(key => view.IsKeyKnown(Key(key))), Is.EqualTo(new[] { true, true, false, false }), "two of one stranger, those that are needed");
        view.Offer(Peer(2), Naming(1, 5, 6, 7));
        Assert.That(new[] { 5, 6, 7, 3 }.Select(key => view.IsKeyKnown(Key(key))), Is.EqualTo(new[] { true, true, false, true }));
        view.Offer(Peer(3), Naming(1, 8));
        Assert.That(view.IsKeyKnown(Key(8)), Is.False, "four of all strangers");
        _time.Advance(TimeSpan.FromMinutes(15));
        view.Offer(Peer(3), Naming(2, 8));
        Assert.That(view.IsKeyKnown(Key(8)), Is.True);

        _time.Advance(TimeSpan.FromHours(1));
        proven.Add(Peer(4));
        view.Offer(Peer(3), Naming(3, 10));
        view.Offer(Peer(4), Naming(1, 11, 12, 13, 14, 15));
        Assert.That(Enumerable.Range(10, 6).Select(key => view.IsKeyKnown(Key(key))), Is.EqualTo(new[] { false, true, true, true, true, true }));
    }

    [Test]
    public void Key_ThatMostOfSeveralConnectedMembersName_IsBelieved()
    {
        MemberView view = new(_time);
        for (int i = 1; i <= 5; i++)
            view.Offer(Peer(i), Naming(1, i <= 3 ? [1, 2, 3, 4, 5, 6] : [10 * i, 10 * i + 1]));
        Assert.That(Enumerable.Range(1, 6).Select(key => view.IsKeyKnown(Key(key))), Has.All.True);
        Assert.That(new[] { 40, 41, 50, 51 }.Select(key => view.IsKeyKnown(Key(key))), Has.All.True, "nothing of the allowance was used");
    }

    private static MemberStatus Naming(ulong sequence, params int[] keys) => Beat(sequence) with { KnownKeys = [.. keys.Select(Key)] };

    private static Hash256 Key(int number)
    {
        byte[] bytes = new byte[Hash256.Size];
        BitConverter.TryWriteBytes(bytes, number);
        return new Hash256(bytes);
    }

    private static MemberStatus Beat(ulong sequence) => HeartbeatCodecTests.Sample with { Sequence = sequence };

    private static PeerId Peer(int number)
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, number);
        return PeerId.FromEd25519(key);
    }
}
