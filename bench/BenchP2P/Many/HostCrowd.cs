using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Interop.Tests.Driver;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.BenchP2P.Many;

/// <summary>Hosts of ours in this process, each listening on loopback.</summary>
internal static class HostCrowd
{
    private const int DialsEach = 5;
    private const int MaxConnections = 1000;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    public static async Task<Host[]> StartAsync(int count, PubSubOptions? pubSub, DhtOptions? dht)
    {
        var hosts = new Host[count];
        for (int i = 0; i < count; i++)
        {
            hosts[i] = await Host.StartAsync(
                new HostOptions
                {
                    Key = Ed25519KeyPair.Generate(),
                    Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
                    Limits = new ConnectionLimits { MaxConnections = MaxConnections, MaxInboundConnections = MaxConnections },
                    PubSub = pubSub,
                    Dht = dht,
                },
                NullLoggerFactory.Instance);
        }
        return hosts;
    }

    /// <summary>Everyone dials a few others; the draw is the same for every implementation.</summary>
    public static async Task ConnectAsync(Host[] hosts, Draw draw)
    {
        for (int i = 0; i < hosts.Length; i++)
        {
            for (int n = 0; n < DialsEach; n++)
            {
                int other = draw.Next(hosts.Length);
                if (other != i)
                    await PatientDial.DialAsync(hosts[i], hosts[other].Addresses[0]);
            }
        }
    }

    public static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!condition())
        {
            if (deadline.IsCancellationRequested)
                throw new PeerException("never got ready");
            await Task.Delay(100);
        }
    }
}
