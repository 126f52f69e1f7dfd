using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Tests.Jobs.Ranges;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests;

[TestFixture]
internal sealed class RoleConditionsTests
{
    private static readonly PeerId[] Peers = [.. Enumerable.Range(0, 3).Select(SliceMapTests.Member).Order()];

    [Test]
    public void HostWhomNothingProves_IsNone_ButATellOne()
    {
        Member[] members = [Host(Peers[0], isWorker: true), Host(Peers[2], isWorker: true)];
        RoleConditions none = Of(members, _ => false);
        Assert.That((none.Members, none.Hosts, none.HasBetterHost, none.HasUnprovenHosts), Is.EqualTo((2, 0, false, true)));
        RoleConditions one = Of(members, peer => peer.Equals(Peers[2]));
        Assert.That((one.Hosts, one.HasBetterHost, one.HasUnprovenHosts), Is.EqualTo((1, true, true)));
        Assert.That(Of(members, _ => true).HasUnprovenHosts, Is.False);
    }

    [Test]
    public void OfIdleHosts_TheOneWithTheLowestIdStays()
    {
        Assert.That(Of([Host(Peers[0])], _ => true).HasBetterHost, Is.True);
        Assert.That(Of([Host(Peers[2])], _ => true).HasBetterHost, Is.False);
        Assert.That(Of([Host(Peers[2], mode: NodeMode.Master)], _ => true).HasBetterHost, Is.True, "it was asked for");
        Assert.That(Of([Host(Peers[0]) with { Status = Status }], _ => true).Hosts, Is.Zero, "it is no host");
    }

    private static MemberStatus Status => new() { Version = "1.0.0", Tip = new ChainTip(0, Hash256.Zero, 1) };

    private static RoleConditions Of(Member[] members, Predicate<PeerId> isBelieved) =>
        RoleConditions.Of(Peers[1], members, isBelieved, availableBytes: null, isOnBattery: false);

    private static Member Host(PeerId peer, bool isWorker = false, NodeMode mode = NodeMode.Auto) =>
        new(peer, Status with { IsDatasetHost = true, IsWorker = isWorker, Mode = mode }, TimeSpan.Zero);
}
