using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Tests.Network;

public sealed class AddressOrderTests
{
    [Test]
    public void Order_PutsNearAddressesFirstAndMixesTheFamilies()
    {
        string[] given =
        [
            "/ip4/8.8.8.8/tcp/1", "/ip4/8.8.4.4/tcp/1", "/ip6/2a00:1::1/tcp/1", "/ip4/192.168.1.1/tcp/1",
            "/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1", "/ip4/8.8.8.8/tcp/1", "/ip4/224.0.0.1/tcp/1",
        ];

        IEnumerable<string> sorted = AddressOrder.Sort(given.Select(Multiaddr.Parse)).Select(address => address.ToString());

        Assert.That(sorted, Is.EqualTo(new[]
        {
            "/ip6/::1/tcp/1", "/ip4/127.0.0.1/tcp/1", "/ip4/192.168.1.1/tcp/1",
            "/ip6/2a00:1::1/tcp/1", "/ip4/8.8.8.8/tcp/1", "/ip4/8.8.4.4/tcp/1",
        }));
    }
}
