using System.Text.Json;
using P2PMiner.BenchP2P.Many;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.BenchP2P;

/// <summary>What a node pays for connections that do nothing: memory for each, and CPU for all. The dialers are the same on both sides.</summary>
internal static class HeldConnections
{
    private const double MostKibibytesEach = 100;
    private const double MostIdlePercent = 2;

    public static async Task MeasureAsync(Report report, BenchSettings settings)
    {
        var measured = new Dictionary<PeerKind, Held>();
        foreach (PeerKind side in BenchSettings.Sides)
            measured[side] = await MeasureAsync(settings, side);
        (Held ours, Held js) = (measured[PeerKind.Ours], measured[PeerKind.Js]);
        string name = $"{settings.Held} connections";
        report.Add($"{name}, memory each", "KiB", ours.KibibytesEach, js.KibibytesEach, Bound.Below(MostKibibytesEach, "KiB"));
        report.Add($"{name}, idle CPU", "%", ours.IdlePercent, js.IdlePercent, Bound.Below(MostIdlePercent, "%"));
    }

    private static async Task<Held> MeasureAsync(BenchSettings settings, PeerKind side)
    {
        await using ScriptedPeer node = await settings.StartAsync(side, $"{side} node", "--max-conns", $"{settings.Held + 100}");
        // The first connections bring in code and tables that the rest share.
        await using (await Dialers.ConnectAsync(node.Address, settings.Held / 10 + 1))
            await UntilConnectedAsync(node, settings.Held / 10 + 1);
        await UntilConnectedAsync(node, 0);
        double before = (await node.CallAsync("info")).Number("rss");

        await using Dialers dialers = await Dialers.ConnectAsync(node.Address, settings.Held);
        await UntilConnectedAsync(node, settings.Held);
        await Task.Delay(settings.Idle / 4);
        JsonElement first = await node.CallAsync("info");
        await Task.Delay(settings.Idle);
        JsonElement last = await node.CallAsync("info");
        return new Held(
            (last.Number("rss") - before) / 1024 / settings.Held,
            (last.Number("cpuMs") - first.Number("cpuMs")) / settings.Idle.TotalMilliseconds * 100);
    }

    private static Task<JsonElement> UntilConnectedAsync(ScriptedPeer node, int count) =>
        node.UntilAsync("peers", null, e => e.Texts("peers").Length == count, timeout: BenchSettings.Deadline);

    private sealed record Held(double KibibytesEach, double IdlePercent);
}
