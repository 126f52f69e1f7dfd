using P2PMiner.Node.Cluster;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.PrivateNetwork;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
internal sealed class ClusterIdTests
{
    [Test]
    public void Clusters_AreToldApartByNameAndKey()
    {
        var key = PreSharedKey.FromBytes(Enumerable.Repeat((byte)7, PreSharedKey.Size).ToArray());
        ClusterId[] clusters = [new("home", null), new("work", null), new("home", key), new("home", PreSharedKey.Generate())];
        Assert.That(clusters.Select(cluster => cluster.MdnsService), Is.Unique);
        Assert.That(clusters.Select(cluster => cluster.MdnsService), Has.All.Match("^_p2p-[0-9a-f]{16}\\._udp\\.local$"));
        Assert.That(new ClusterId("home", key).Tag, Is.EqualTo(clusters[2].Tag));
        Assert.That(clusters[0].StatusTopic, Is.EqualTo("/p2p-miner/home/status/1"));
    }

    [TestCase("/ip4/192.168.1.7/tcp/1", true)]
    [TestCase("/ip4/10.0.0.1/tcp/1", true)]
    [TestCase("/ip4/169.254.0.1/tcp/1", true)]
    [TestCase("/ip4/127.0.0.1/tcp/1", true)]
    [TestCase("/ip6/fd00::1/tcp/1", true)]
    [TestCase("/ip4/8.8.8.8/tcp/1", false)]
    [TestCase("/ip6/2a00::1/tcp/1", false)]
    public void OpenCluster_SpeaksWithNearAddressesOnly(string address, bool near) =>
        Assert.That(ClusterHost.IsNear(Multiaddr.Parse(address)), Is.EqualTo(near));
}
