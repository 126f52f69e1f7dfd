using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Simulation;

/// <summary>Lookups in networks of many nodes.</summary>
public sealed class LookupSimulationTests
{
    [TestCase(5)]
    [TestCase(21)]
    [TestCase(100)]
    [TestCase(1000)]
    public async Task Lookup_FindsTheTrueClosest(int size)
    {
        SimulatedNetwork network = new(new ManualTime(), seed: size);
        List<SimulatedPeer> peers = await network.JoinAsync(size);
        int asked = 0, exact = 0;
        const int Lookups = 50;
        for (int i = 0; i < Lookups; i++)
        {
            SimulatedPeer asking = peers[network.Random.Next(size)];
            byte[] key = network.RandomKey();
            ClosestPeersResult result = await asking.Node.Peers.GetClosestAsync(key, null, CancellationToken.None);
            asked += result.Stats.Asked;
            List<PeerId> expected = network.TrueClosest(key, 20, asking.LocalPeer);
            exact += result.Peers.SequenceEqual(expected) ? 1 : 0;
            Assert.That(result.Peers.Intersect(expected).Count(), Is.GreaterThanOrEqualTo(expected.Count - 1));
        }
        TestContext.Out.WriteLine($"{size}: exact {exact}/{Lookups}, asked {asked / (double)Lookups}, delivered {network.Delivered}, table {peers.Average(p => p.Node.Table.Count)}");
        Assert.That(exact, Is.GreaterThanOrEqualTo(Lookups * 9 / 10));
    }
}
