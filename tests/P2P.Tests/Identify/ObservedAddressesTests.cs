using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identify;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Identify;

public sealed class ObservedAddressesTests
{
    private static readonly Multiaddr[] Listening = [Multiaddr.Parse("/ip4/192.168.1.2/tcp/9999")];

    private readonly ManualTime _time = new();
    private TestSwarm _swarm = null!;
    private TestNetwork _us = null!;
    private ObservedAddresses _observed = null!;

    [SetUp]
    public void SetUp()
    {
        _swarm = new TestSwarm(_time) { AutoIdentify = false };
        _us = _swarm.Add("/ip4/192.168.1.2/tcp/9999");
        _observed = new ObservedAddresses(_time);
    }

    [Test]
    public void PublicAddress_NeedsThreeNetworks()
    {
        Tell("/ip4/5.5.1.1/tcp/1", "/ip4/8.8.8.8/tcp/51000");
        Tell("/ip4/5.5.2.1/tcp/1", "/ip4/8.8.8.8/tcp/51001");
        Tell("/ip4/5.5.3.1/tcp/1", "/ip4/8.8.8.8/tcp/51002");
        Assert.That(_observed.Confirmed, Is.Empty, "three voices of one network");

        Tell("/ip4/6.6.1.1/tcp/1", "/ip4/8.8.8.8/tcp/51003");
        bool changed = Tell("/ip4/7.7.1.1/tcp/1", "/ip4/8.8.8.8/tcp/51004");

        Assert.That(changed, Is.True);
        Assert.That(_observed.Confirmed.Select(address => address.ToString()), Is.EqualTo(new[] { "/ip4/8.8.8.8/tcp/9999" }), "with our port, not that of a connection");
    }

    [Test]
    public void InboundConnections_TellTheirPortToo()
    {
        foreach (string reporter in new[] { "/ip4/5.5.1.1/tcp/1", "/ip4/6.6.1.1/tcp/1", "/ip4/7.7.1.1/tcp/1" })
            Tell(reporter, "/ip4/8.8.8.8/tcp/443", inbound: true);

        Assert.That(_observed.Confirmed.Select(address => address.ToString()), Is.EqualTo(new[] { "/ip4/8.8.8.8/tcp/443" }));
    }

    [Test]
    public void Reports_MustFitTheirReporter()
    {
        foreach (string reporter in new[] { "/ip4/192.168.1.5/tcp/1", "/ip4/192.168.1.6/tcp/1", "/ip4/192.168.1.7/tcp/1" })
            Assert.That(Tell(reporter, "/ip4/8.8.8.8/tcp/443", inbound: true), Is.False, "a neighbour cannot know our public address");
        Assert.That(Tell("/ip4/5.5.1.1/tcp/1", "/ip4/127.0.0.1/tcp/443"), Is.False);
        Assert.That(Tell("/ip4/192.168.1.5/tcp/1", "/ip4/192.168.1.2/tcp/50000"), Is.False, "known anyway");
        Assert.That(_observed.Confirmed, Is.Empty);
    }

    [Test]
    public void Reports_AreForgottenInTimeAndBoundedInNumber()
    {
        foreach (string reporter in new[] { "/ip4/5.5.1.1/tcp/1", "/ip4/6.6.1.1/tcp/1", "/ip4/7.7.1.1/tcp/1" })
            Tell(reporter, "/ip4/8.8.8.8/tcp/443", inbound: true);
        TestNetwork liar = _swarm.Add("/ip4/9.9.9.9/tcp/1");
        for (int i = 0; i < 1000; i++)
            _observed.Add(Connection(liar, inbound: true), Multiaddr.Parse($"/ip4/8.8.{i >> 8}.{i & 255}/tcp/5"), Listening);

        _time.Advance(ObservedAddresses.Lifetime + TimeSpan.FromSeconds(1));
        Assert.That(_observed.Confirmed, Is.Empty);
    }

    private bool Tell(string reporter, string observed, bool inbound = false) =>
        _observed.Add(Connection(_swarm.Add(reporter), inbound), Multiaddr.Parse(observed), Listening);

    private IPeerConnection Connection(TestNetwork reporter, bool inbound) =>
        inbound ? ((TestConnection)reporter.Connect(_us)).Other : _us.Connect(reporter);
}
