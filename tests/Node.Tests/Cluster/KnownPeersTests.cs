using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Node.Cluster.Discovery;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
internal sealed class KnownPeersTests
{
    [Test]
    public void Peers_AreKeptInTheOrderOfTheLastRuns_AndBounded()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("peers");
        KnownPeers first = new(path, NullLogger.Instance);
        Assert.That(first.Load(), Is.Empty);
        first.Save([.. Enumerable.Range(0, 2 * KnownPeers.MaxPeers).Select(Peer)]);
        KnownPeers second = new(path, NullLogger.Instance);
        Assert.That(second.Load(), Has.Count.EqualTo(KnownPeers.MaxPeers));
        second.Save([Peer(9999)]);
        IReadOnlyList<(PeerId Peer, IReadOnlyList<Multiaddr> Addresses)> third = new KnownPeers(path, NullLogger.Instance).Load();
        Assert.That(third, Has.Count.EqualTo(KnownPeers.MaxPeers));
        Assert.That(third[0].Peer, Is.EqualTo(Peer(9999).Peer));
        Assert.That(third[0].Addresses, Is.EqualTo(Peer(9999).Addresses));
    }

    [Test]
    public void File_DamagedInAnyWay_GivesWhatIsLeftOfIt()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("peers");
        new KnownPeers(path, NullLogger.Instance).Save([.. Enumerable.Range(0, 5).Select(Peer)]);
        byte[] original = File.ReadAllBytes(path);
        Random random = new(1);
        for (int i = 0; i < 2000; i++)
        {
            foreach ((PeerId _, IReadOnlyList<Multiaddr> addresses) in KnownPeers.Parse(Encoding.UTF8.GetString(Mutation.Of(original, random))))
                Assert.That(addresses, Has.All.Matches<Multiaddr?>(address => address is { IsTcp: true, Peer: null }));
        }
    }

    private static (PeerId Peer, IReadOnlyList<Multiaddr> Addresses) Peer(int number)
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, number);
        return (PeerId.FromEd25519(key), [Multiaddr.Parse($"/ip4/192.168.1.7/tcp/{number % 60000 + 1}")]);
    }
}
