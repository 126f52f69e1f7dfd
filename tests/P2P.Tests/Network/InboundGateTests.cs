using System.Net;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Network;

public sealed class InboundGateTests
{
    private static readonly IPAddress Host = IPAddress.Parse("192.168.1.5");

    [Test]
    public void Gate_LimitsTheRatePerHostAndRefillsIt()
    {
        ManualTime time = new();
        InboundGate gate = new(new ConnectionLimits { InboundRatePerHost = 3 }, time);

        Assert.That(Enter(gate, Host, 5), Is.EqualTo(3));
        Assert.That(Enter(gate, IPAddress.Parse("192.168.1.6"), 5), Is.EqualTo(3));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Enter(gate, Host, 5), Is.EqualTo(3));
    }

    [Test]
    public void Gate_CountsANetworkOfIpv6AsOneHost()
    {
        InboundGate gate = new(new ConnectionLimits { InboundRatePerHost = 2 }, new ManualTime());

        Assert.That(Enter(gate, IPAddress.Parse("2a00:1:2:3::1"), 2), Is.EqualTo(2));
        Assert.That(Enter(gate, IPAddress.Parse("2a00:1:2:3:ffff::9"), 1), Is.Zero);
        Assert.That(Enter(gate, IPAddress.Parse("2a00:1:2:4::1"), 1), Is.EqualTo(1));
    }

    [Test]
    public void Gate_LimitsHandshakesPerHostAndInTotal()
    {
        ConnectionLimits limits = new() { InboundRatePerHost = 100, MaxPendingInboundPerHost = 4, MaxPendingInbound = 6 };
        InboundGate gate = new(limits, new ManualTime());
        List<InboundGate.Pass> passes = [];

        for (int i = 0; i < 10 && gate.TryEnter(Host, out _) is { } pass; i++)
            passes.Add(pass);
        Assert.That(passes, Has.Count.EqualTo(4));
        while (gate.TryEnter(IPAddress.Parse("192.168.1.9"), out _) is { } pass)
            passes.Add(pass);
        Assert.That(passes, Has.Count.EqualTo(6));

        passes[0].Opened();
        Assert.That(gate.TryEnter(Host, out _), Is.Not.Null);
        foreach (InboundGate.Pass pass in passes)
        {
            pass.Dispose();
            pass.Dispose();
        }
        Assert.That(gate.Pending, Is.EqualTo(1));
    }

    [Test]
    public void Gate_LimitsConnectionsHeldByOneHost()
    {
        ConnectionLimits limits = new() { InboundRatePerHost = 100, MaxInboundPerHost = 2 };
        InboundGate gate = new(limits, new ManualTime());
        InboundGate.Pass first = gate.TryEnter(Host, out _)!;
        first.Opened();
        gate.TryEnter(Host, out _)!.Opened();

        Assert.That(gate.TryEnter(Host, out string reason), Is.Null);
        Assert.That(reason, Does.Contain("connections from this host"));
        first.Dispose();
        Assert.That(gate.TryEnter(Host, out _), Is.Not.Null);
    }

    [Test]
    public void Gate_SparesLoopbackUnlessTold()
    {
        ConnectionLimits limits = new() { InboundRatePerHost = 1 };
        Assert.That(Enter(new InboundGate(limits, new ManualTime()), IPAddress.Loopback, 50), Is.EqualTo(50));
        Assert.That(Enter(new InboundGate(limits with { LimitLoopback = true }, new ManualTime()), IPAddress.Loopback, 50), Is.EqualTo(1));
    }

    [Test]
    public void Gate_RemembersABoundedNumberOfHosts()
    {
        InboundGate gate = new(new ConnectionLimits(), new ManualTime());
        for (int i = 0; i < InboundGate.MaxHosts + 100; i++)
            Enter(gate, new IPAddress([11, 1, (byte)(i >> 8), (byte)i]), 1);

        Assert.That(gate.Hosts, Is.LessThanOrEqualTo(InboundGate.MaxHosts));
    }

    private static int Enter(InboundGate gate, IPAddress from, int times)
    {
        int entered = 0;
        for (int i = 0; i < times; i++)
        {
            using InboundGate.Pass? pass = gate.TryEnter(from, out _);
            entered += pass is null ? 0 : 1;
        }
        return entered;
    }
}
