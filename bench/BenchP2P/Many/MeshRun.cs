using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using P2PMiner.P2P;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.BenchP2P.Many;

/// <summary>Hosts in one mesh, and how long messages take from publishing to each delivery.</summary>
internal sealed class MeshRun
{
    public const string Topic = "bench";

    private const int MessageBytes = 200;
    private const int WarmUpRounds = 20;
    private const int MeshLow = 4;

    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LastDelivery = TimeSpan.FromSeconds(10);

    private readonly Draw _draw;
    private readonly ConcurrentDictionary<long, long> _sentAt = new();
    private ConcurrentQueue<double> _times = new();
    private long _published;

    private MeshRun(Host[] hosts, Draw draw) => (Hosts, _draw) = (hosts, draw);

    public Host[] Hosts { get; }

    public static async Task<(int Expected, IReadOnlyList<double> Times)> MeasureAsync(ManySettings settings)
    {
        MeshRun mesh = await StartAsync(settings);
        return await mesh.PublishAsync(settings.Rounds);
    }

    /// <summary>Starts the hosts, lets the mesh form and publishes a little without measuring it.</summary>
    public static async Task<MeshRun> StartAsync(ManySettings settings)
    {
        Host[] hosts = await HostCrowd.StartAsync(settings.Hosts, new PubSubOptions(), dht: null);
        var mesh = new MeshRun(hosts, settings.Draw);
        foreach (Host host in hosts)
            host.PubSub!.Subscribe(Topic, mesh.Note);
        await HostCrowd.ConnectAsync(hosts, settings.Draw);
        await HostCrowd.UntilAsync(() => hosts.All(IsMeshed));
        await Task.Delay(Settle);
        await mesh.PublishAsync(WarmUpRounds);
        return mesh;
    }

    /// <summary>Publishes messages from hosts that are drawn.</summary>
    /// <param name="rounds">How many.</param>
    /// <param name="gap">Time between two of them; null for so much that each is delivered before the next.</param>
    /// <returns>How many deliveries there should be, and the time of each in milliseconds.</returns>
    public async Task<(int Expected, IReadOnlyList<double> Times)> PublishAsync(int rounds, TimeSpan? gap = null)
    {
        ConcurrentQueue<double> times = _times = new ConcurrentQueue<double>();
        for (int round = 0; round < rounds; round++)
        {
            byte[] data = RandomNumberGenerator.GetBytes(MessageBytes);
            BinaryPrimitives.WriteInt64BigEndian(data, ++_published);
            _sentAt[_published] = Stopwatch.GetTimestamp();
            await Hosts[_draw.Next(Hosts.Length)].PubSub!.PublishAsync(Topic, data);
            await Task.Delay(gap ?? Gap);
        }
        int expected = rounds * (Hosts.Length - 1);
        long last = Stopwatch.GetTimestamp();
        while (times.Count < expected && Stopwatch.GetElapsedTime(last) < LastDelivery)
            await Task.Delay(Gap);
        return (expected, [.. times]);
    }

    private static bool IsMeshed(Host host) =>
        host.PubSub!.MeshPeers(Topic).Count >= Math.Min(MeshLow, host.PubSub.Subscribers(Topic).Count);

    private void Note(PubSubMessage message)
    {
        if (_sentAt.TryGetValue(BinaryPrimitives.ReadInt64BigEndian(message.Data.Span), out long start))
            _times.Enqueue(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }
}
