using System.Diagnostics;
using System.Net;
using P2PMiner.BenchP2P.Many;
using P2PMiner.Interop.Tests.Driver;
using P2PMiner.Interop.Tests.Raw;

namespace P2PMiner.BenchP2P;

/// <summary>What honest hosts notice of one that does not behave: delivery through their mesh with and without it.</summary>
internal static class Attacks
{
    public const string Streams = "streams";
    public const string Garbage = "garbage";
    public const string NeverReads = "never reads";

    private const int Hosts = 10;
    private const int Messages = 100;
    private const int Seed = 7;
    private const double MostSlowdown = 3;

    /// <summary>More than what may be on its way to one who does not read: a window of 256 KiB.</summary>
    private const int FillingMessages = 1500;

    private static readonly TimeSpan FillingGap = TimeSpan.FromMilliseconds(1);

    private static readonly string[] Kinds = [.. Flood.Rpcs.Keys, Streams, Garbage, NeverReads];

    public static async Task MeasureAsync(Report report, BenchSettings settings)
    {
        MeshRun mesh = await MeshRun.StartAsync(new ManySettings(Hosts, Messages, new Draw(Seed)));
        IPEndPoint target = mesh.Hosts[0].Addresses[0].TcpEndPoint!;
        await DeliverAsync(mesh);
        foreach (string kind in Kinds)
        {
            var cuts = new List<string>();
            List<Pair> pairs = await Pairs.AlternateAsync(
                settings.ManyPairs, () => DeliverUnderAttackAsync(mesh, kind, target, cuts), () => DeliverAsync(mesh));
            report.AddAttack(kind, pairs, string.Join(", ", cuts), Bound.AtMost(MostSlowdown));
        }
        await Parallel.ForEachAsync(mesh.Hosts, async (host, _) => await host.DisposeAsync());
    }

    /// <returns>p99 of the time to each delivery, in milliseconds.</returns>
    private static async Task<double> DeliverAsync(MeshRun mesh)
    {
        (int expected, IReadOnlyList<double> times) = await mesh.PublishAsync(Messages);
        return times.Count == expected
            ? times.Quantile(0.99)
            : throw new PeerException($"{expected - times.Count} of {expected} deliveries did not come");
    }

    private static async Task<double> DeliverUnderAttackAsync(MeshRun mesh, string kind, IPEndPoint target, List<string> cuts)
    {
        using Process attacker = Start(kind, target);
        try
        {
            using var limit = new CancellationTokenSource(BenchSettings.Deadline);
            // Starting a program is no attack.
            await attacker.StandardOutput.ReadLineAsync(limit.Token);
            if (kind == NeverReads)
                await mesh.PublishAsync(FillingMessages, FillingGap);
            double during = await DeliverAsync(mesh);
            attacker.StandardInput.Close();
            cuts.Add((await attacker.StandardOutput.ReadToEndAsync(limit.Token)).Trim());
            await attacker.WaitForExitAsync(limit.Token);
            return during;
        }
        finally
        {
            if (!attacker.HasExited)
                attacker.Kill();
        }
    }

    private static Process Start(string kind, IPEndPoint target) => Process.Start(
        new ProcessStartInfo("dotnet", [typeof(Attacks).Assembly.Location, AttackCommand.Name, "--kind", kind, "--target", target.ToString()])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
}
