using P2PMiner.Node.Api;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
internal sealed class ClusterSnapshotTests
{
    [Test]
    public async Task Picture_has_all_nodes_and_their_connections_with_latency()
    {
        using TemporaryDirectory directory = new();
        await using TestNode first = await TestNode.StartAsync(directory, "first");
        await using TestNode second = await TestNode.StartAsync(directory, "second", options => options with { Connect = [first.Address] });
        second.Status = second.Status with { Name = "attic", Hashrate = 500, Threads = 2, IsWorker = true, Neighbours = [PeerTail.Of(first.Id)] };
        MemberStatus Own() => first.Status with { Neighbours = [.. first.Cluster.Neighbours.Select(PeerTail.Of)] };
        var snapshot = new ClusterSnapshot("home", isPrivate: false, first.Id, Own, first.Cluster);

        ClusterReport report = snapshot.Take();
        await Wait.UntilAsync(
            () =>
            {
                report = snapshot.Take();
                return report.Members.Count == 2 && report.Members[1].Name == "attic" && report.Links is [{ LatencySeconds: not null }];
            },
            "the picture is complete");

        Assert.That(report.Self, Is.EqualTo(first.Id.ToString()));
        Assert.That(report.Members.Select(member => member.IsSelf), Is.EqualTo(new[] { true, false }));
        ClusterMember other = report.Members[1];
        Assert.That(other.PeerId, Is.EqualTo(second.Id.ToString()));
        Assert.That(other.Role, Is.EqualTo("worker"));
        Assert.That(other.Address, Does.StartWith("/ip4/127.0.0.1/tcp/"));
        Assert.That(other.LatencySeconds, Is.EqualTo(report.Links[0].LatencySeconds).And.GreaterThan(0));
        Assert.That(report.Totals, Is.EqualTo(new ClusterSums(2, 500, 2, 0, 0)));
    }
}
