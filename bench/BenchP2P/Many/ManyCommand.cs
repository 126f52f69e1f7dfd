using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;

namespace P2PMiner.BenchP2P.Many;

/// <summary>
/// <c>many mesh|dht --hosts N --rounds N --seed N</c>: what tests/interop/many.mjs does with js-libp2p, with our hosts. It is a command,
/// so that each measurement has a process of its own.
/// </summary>
internal static class ManyCommand
{
    public static Command Create()
    {
        var scenario = new Argument<string>("scenario");
        var hosts = new Option<int>("--hosts") { Required = true };
        var rounds = new Option<int>("--rounds") { Required = true };
        var seed = new Option<ulong>("--seed") { Required = true };
        var command = new Command("many", "one measurement with many hosts in this process") { scenario, hosts, rounds, seed };
        command.Hidden = true;
        command.SetAction(async parse =>
        {
            var settings = new ManySettings(parse.GetValue(hosts), parse.GetValue(rounds), new Draw(parse.GetValue(seed)));
            (int expected, IReadOnlyList<double> times) = parse.GetValue(scenario) switch
            {
                "mesh" => await MeshRun.MeasureAsync(settings),
                "dht" => await DhtRun.MeasureAsync(settings),
                string other => throw new ArgumentException($"unknown scenario {other}"),
                null => throw new ArgumentException("which scenario?"),
            };
            using var process = Process.GetCurrentProcess();
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                hosts = settings.Hosts,
                expected,
                times,
                rss = process.WorkingSet64,
                cpuMs = process.TotalProcessorTime.TotalMilliseconds,
            }));
            // The hosts have done their work; taking them down one by one measures nothing.
            Environment.Exit(0);
        });
        return command;
    }
}

/// <param name="Hosts">In the process.</param>
/// <param name="Rounds">Messages or lookups.</param>
/// <param name="Draw">Topology and publishers.</param>
internal sealed record ManySettings(int Hosts, int Rounds, Draw Draw);
