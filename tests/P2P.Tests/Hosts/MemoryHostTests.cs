using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>Tests of whole hosts over memory instead of sockets, with a clock that the test moves.</summary>
public abstract class MemoryHostTests
{
    private int _started;

    protected ManualTime Time { get; private set; } = null!;

    protected MemoryTransport Transport { get; private set; } = null!;

    protected TestHosts Hosts { get; private set; } = null!;

    [SetUp]
    public void SetUp()
    {
        Time = new ManualTime();
        Transport = new MemoryTransport(Time);
        Hosts = new TestHosts();
        _started = 0;
    }

    [TearDown]
    public async Task TearDown()
    {
        Transport.BreakAll();
        await Hosts.DisposeAsync();
    }

    /// <summary>An address that no other host of the test listens on.</summary>
    protected Multiaddr NextPlace() => Multiaddr.Parse($"/ip4/127.0.0.{++_started}/tcp/0");
}
