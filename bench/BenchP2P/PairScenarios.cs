using System.Diagnostics;
using System.Text.Json;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.BenchP2P;

/// <summary>Two connected peers of one side, in a process each; the other side's pair rests meanwhile.</summary>
internal sealed class PeerPair(ScriptedPeer a, ScriptedPeer b) : IAsyncDisposable
{
    public ScriptedPeer A { get; } = a;

    public ScriptedPeer B { get; } = b;

    public static async Task<PeerPair> StartAsync(BenchSettings settings, PeerKind side, params string[] options)
    {
        var pair = new PeerPair(
            await settings.StartAsync(side, $"{side} a", options), await settings.StartAsync(side, $"{side} b", options));
        await pair.A.CallAsync("dial", new { addr = pair.B.Address });
        await pair.A.WaitAsync("identify");
        await pair.B.WaitAsync("identify");
        return pair;
    }

    public async ValueTask DisposeAsync()
    {
        await A.DisposeAsync();
        await B.DisposeAsync();
    }
}

/// <summary>What two peers can do with each other, driven through the same lines on both sides.</summary>
internal static class PairScenarios
{
    private const int MessageBytes = 200;
    private const string Topic = "bench";

    private static readonly string[] NoDht = ["--kad-mode", "off"];
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(5);

    /// <summary>Stream throughput over /perf/1.0.0, upload and download, in Gbit/s.</summary>
    public static async Task ThroughputAsync(Report report, BenchSettings settings)
    {
        await using PeerPair ours = await PeerPair.StartAsync(settings, PeerKind.Ours, NoDht);
        await using PeerPair js = await PeerPair.StartAsync(settings, PeerKind.Js, NoDht);
        foreach (bool up in new[] { true, false })
        {
            await TransferAsync(ours, up, settings.SizeBytes);
            await TransferAsync(js, up, settings.SizeBytes);
            List<Pair> pairs = await Pairs.AlternateAsync(
                settings.Pairs, () => TransferAsync(ours, up, settings.SizeBytes), () => TransferAsync(js, up, settings.SizeBytes));
            report.Add(up ? "throughput up" : "throughput down", "Gbit/s", pairs, Bound.AtLeast(2));
        }
    }

    /// <summary>Dial, Noise, Yamux and close, one after the other, per second.</summary>
    public static async Task ConnectionsAsync(Report report, BenchSettings settings)
    {
        await using PeerPair ours = await PeerPair.StartAsync(settings, PeerKind.Ours, NoDht);
        await using PeerPair js = await PeerPair.StartAsync(settings, PeerKind.Js, NoDht);
        await ReconnectAsync(ours, settings.Connections);
        await ReconnectAsync(js, settings.Connections);
        report.Add("connections", "1/s", await Pairs.AlternateAsync(
            settings.Pairs, () => ReconnectAsync(ours, settings.Connections), () => ReconnectAsync(js, settings.Connections)), Bound.AtLeast(5));
    }

    /// <summary>Signed messages of 200 bytes over one hop, per second.</summary>
    public static async Task GossipAsync(Report report, BenchSettings settings)
    {
        await using PeerPair ours = await PeerPair.StartAsync(settings, PeerKind.Ours, [.. NoDht, "--topic", Topic]);
        await using PeerPair js = await PeerPair.StartAsync(settings, PeerKind.Js, [.. NoDht, "--topic", Topic]);
        foreach (PeerPair pair in new[] { ours, js })
        {
            await pair.A.UntilAsync("mesh", new { topic = Topic }, e => e.GetProperty("topics").GetProperty(Topic).Texts("mesh").Length == 1);
            await PublishAsync(pair, settings.Messages);
        }
        report.Add("gossip", "messages/s", await Pairs.AlternateAsync(
            settings.Pairs, () => PublishAsync(ours, settings.Messages), () => PublishAsync(js, settings.Messages)), Bound.AtLeast(5));
    }

    /// <summary>Resident memory of a node that serves everything: with one quiet connection, and after it was busy.</summary>
    public static async Task ResidentMemoryAsync(Report report, BenchSettings settings)
    {
        var resting = new List<Pair>();
        var used = new List<Pair>();
        for (int i = 0; i < settings.Pairs; i++)
        {
            var measured = new Dictionary<PeerKind, (double Resting, double Used)>();
            foreach (PeerKind side in i % 2 == 0 ? BenchSettings.Sides : BenchSettings.Sides.Reverse())
                measured[side] = await ResidentMemoryAsync(settings, side);
            ((double Resting, double Used) ours, (double Resting, double Used) js) = (measured[PeerKind.Ours], measured[PeerKind.Js]);
            resting.Add(new Pair(ours.Resting, js.Resting));
            used.Add(new Pair(ours.Used, js.Used));
        }
        report.Add("resident memory, fresh", "MiB", resting, Bound.AtMost(0.5));
        report.Add("resident memory, after load", "MiB", used, Bound.AtMost(0.5));
    }

    private static async Task<(double Resting, double Used)> ResidentMemoryAsync(BenchSettings settings, PeerKind side)
    {
        await using PeerPair pair = await PeerPair.StartAsync(settings, side, "--topic", Topic);
        await pair.A.CallAsync("ping", new { peer = pair.B.Id, count = 20 });
        double resting = await RssAsync(pair.B);
        await TransferAsync(pair, up: true, settings.SizeBytes);
        await TransferAsync(pair, up: false, settings.SizeBytes);
        await PublishAsync(pair, settings.Messages);
        return (resting, await RssAsync(pair.B));
    }

    private static async Task<double> RssAsync(ScriptedPeer peer) => (await peer.CallAsync("info")).Number("rss") / (1 << 20);

    private static async Task<double> TransferAsync(PeerPair pair, bool up, long bytes)
    {
        JsonElement result = await pair.A.CallAsync(
            "perf", new { peer = pair.B.Id, upload = up ? bytes : 0, download = up ? 0 : bytes }, BenchSettings.Deadline);
        return bytes * 8 / (result.Number("totalMs") * 1e6);
    }

    private static async Task<double> ReconnectAsync(PeerPair pair, int count)
    {
        await pair.A.TryCallAsync("hangup", new { peer = pair.B.Id });
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            await pair.A.CallAsync("dial", new { addr = pair.B.Address });
            await pair.A.CallAsync("hangup", new { peer = pair.B.Id });
        }
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<double> PublishAsync(PeerPair pair, int count)
    {
        double before = Delivered(await pair.B.CallAsync("gossipStats"));
        long start = Stopwatch.GetTimestamp();
        await pair.A.CallAsync("publishMany", new { topic = Topic, count, size = MessageBytes }, BenchSettings.Deadline);
        await pair.B.UntilAsync("gossipStats", null, e => Delivered(e) >= before + count, Often, BenchSettings.Deadline);
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Delivered(JsonElement stats) =>
        stats.GetProperty("byTopic").Number(Topic) is double count && !double.IsNaN(count) ? count : 0;
}
