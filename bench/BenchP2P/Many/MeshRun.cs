using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using P2PMiner.P2P;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.BenchP2P.Many;

/// <summary>From publishing a message to each of its deliveries.</summary>
internal static class MeshRun
{
    private const string Topic = "bench";
    private const int MessageBytes = 200;
    private const int WarmUpRounds = 20;
    private const int MeshLow = 4;

    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LastDelivery = TimeSpan.FromSeconds(10);

    public static async Task<(int Expected, IReadOnlyList<double> Times)> MeasureAsync(ManySettings settings)
    {
        Host[] hosts = await HostCrowd.StartAsync(settings.Hosts, new PubSubOptions(), dht: null);
        var sentAt = new ConcurrentDictionary<long, long>();
        var times = new ConcurrentQueue<double>();
        foreach (Host host in hosts)
            host.PubSub!.Subscribe(Topic, message => Note(message, sentAt, times));
        await HostCrowd.ConnectAsync(hosts, settings.Draw);
        await HostCrowd.UntilAsync(() => hosts.All(IsMeshed));
        await Task.Delay(Settle);
        for (int round = 0; round < WarmUpRounds + settings.Rounds; round++)
        {
            byte[] data = RandomNumberGenerator.GetBytes(MessageBytes);
            BinaryPrimitives.WriteInt64BigEndian(data, round);
            if (round >= WarmUpRounds)
                sentAt[round] = Stopwatch.GetTimestamp();
            await hosts[settings.Draw.Next(hosts.Length)].PubSub!.PublishAsync(Topic, data);
            await Task.Delay(Gap);
        }
        int expected = settings.Rounds * (hosts.Length - 1);
        long last = Stopwatch.GetTimestamp();
        while (times.Count < expected && Stopwatch.GetElapsedTime(last) < LastDelivery)
            await Task.Delay(Gap);
        return (expected, [.. times]);
    }

    private static bool IsMeshed(Host host) =>
        host.PubSub!.MeshPeers(Topic).Count >= Math.Min(MeshLow, host.PubSub.Subscribers(Topic).Count);

    private static void Note(PubSubMessage message, ConcurrentDictionary<long, long> sentAt, ConcurrentQueue<double> times)
    {
        if (sentAt.TryGetValue(BinaryPrimitives.ReadInt64BigEndian(message.Data.Span), out long start))
            times.Enqueue(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }
}
