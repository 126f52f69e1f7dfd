using System.Diagnostics;
using System.Security.Cryptography;
using P2PMiner.P2P;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Transport;

namespace P2PMiner.BenchP2P.Many;

/// <summary>Lookups of random keys, one after the other: until the closest peers have answered.</summary>
internal static class DhtRun
{
    private const int KeyBytes = 32;
    private const int BucketSize = 20;

    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);

    public static async Task<(int Expected, IReadOnlyList<double> Times)> MeasureAsync(ManySettings settings)
    {
        Host[] hosts = await HostCrowd.StartAsync(
            settings.Hosts, pubSub: null, new DhtOptions { BucketSize = BucketSize, AddressScope = IpScope.Loopback });
        foreach (Host host in hosts.Skip(1))
            await PatientDial.DialAsync(host, hosts[0].Addresses[0]);
        await HostCrowd.ConnectAsync(hosts, settings.Draw);
        await HostCrowd.UntilAsync(() => hosts.All(host => host.Dht!.RoutingTable.Count >= Math.Min(BucketSize, hosts.Length - 1)));
        await Task.Delay(Settle);
        var times = new List<double>(settings.Rounds);
        for (int round = 0; round < settings.Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            ClosestPeersResult found = await hosts[settings.Draw.Next(hosts.Length)].Dht!.GetClosestPeersAsync(
                RandomNumberGenerator.GetBytes(KeyBytes));
            if (found.Peers.Count > 0)
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        return (settings.Rounds, times);
    }
}
