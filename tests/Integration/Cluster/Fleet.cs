using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using P2PMiner.Integration.Tests.Nodes;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>Many nodes, one on each machine, of which some are killed and started again, and what all of them did together.</summary>
internal sealed partial class Fleet : IAsyncDisposable
{
    private readonly LocalNetwork _network;
    private readonly Seat[] _seats;
    private readonly List<string> _output = [];
    private long _found;
    private long _stale;
    private long _rejected;

    /// <param name="network">The machines.</param>
    /// <param name="home">For a folder of each node.</param>
    /// <param name="seats">How the node of each machine is started.</param>
    public Fleet(LocalNetwork network, string home, IReadOnlyList<FleetSeat> seats)
    {
        _network = network;
        _seats = [.. seats.Select((seat, machine) => new Seat(seat, Path.Combine(home, $"{machine}")))];
        for (int machine = 0; machine < _seats.Length; machine++)
        {
            if (!seats[machine].IsLate)
                Start(machine);
        }
    }

    /// <summary>The nodes that run.</summary>
    public IReadOnlyList<NodeProcess> Running => [.. _seats.Select(seat => seat.Node).OfType<NodeProcess>()];

    public NodeProcess this[int machine] => _seats[machine].Node ?? throw new InvalidOperationException($"the node of machine {machine} was killed");

    /// <summary>Where the node of a machine keeps its data.</summary>
    public string DataDirectory(int machine) => Path.Combine(_seats[machine].Home, "p2p-miner");

    public bool IsRunning(int machine) => _seats[machine].Node is not null;

    /// <summary>Every line of every node that ever ran, with the number of its machine.</summary>
    public IReadOnlyList<string> Output =>
        [.. _output, .. _seats.SelectMany((seat, machine) => Lines(machine, seat.Node?.Output ?? []))];

    /// <summary>What honest nodes never say of each other, nor of themselves.</summary>
    public IReadOnlyList<string> Complaints =>
    [
        .. Output.Where(line => line.Contains("shut out", StringComparison.Ordinal) || line.Contains("without proof of work", StringComparison.Ordinal)
            || line.Contains("wrong hash", StringComparison.Ordinal) || line.Contains("cannot be mined", StringComparison.Ordinal)),
    ];

    public void Start(int machine)
    {
        Seat seat = _seats[machine];
        seat.Node ??= NodeProcess.StartPlainOn(
            _network.Machines[machine], seat.How.Within, seat.Home, ["P2P_MINER_MEMORY=light", "P2P_MINER_THREADS=1", .. seat.How.Environment], seat.How.Arguments);
    }

    /// <summary>SIGKILL, after a last look at what it did.</summary>
    public async Task KillAsync(int machine)
    {
        NodeProcess node = this[machine];
        JsonElement last = await node.UntilAsync(_ => true);
        await node.KillAsync();
        _found += Shares(last, "found");
        _stale += Shares(last, "stale");
        _rejected += Shares(last, "rejected");
        _output.AddRange(Lines(machine, node.Output));
        _seats[machine].Node = null;
        await node.DisposeAsync();
    }

    /// <summary>Waits for a moment at which all that run have the same tip.</summary>
    public async Task<FleetCount> OneChainAsync()
    {
        JsonElement[] all = [];
        await Wait.UntilAsync(
            async () =>
            {
                all = await StatusesAsync();
                return all.Select(Tip).Distinct().Count() == 1;
            },
            () => $"tips {string.Join(", ", all.Select(status => $"{Tip(status)} at {Height(status)} with {Peers(status)} peers"))}; {Running[0].Explain()}");
        JsonElement contributions = await Running[0].ContributionsAsync();
        return new FleetCount(
            _found + all.Sum(status => Shares(status, "found")), _stale + all.Sum(status => Shares(status, "stale")),
            _rejected + all.Sum(status => Shares(status, "rejected")),
            Output.Sum(WorkOf), double.Parse(contributions.GetProperty("weight").GetRawText(), CultureInfo.InvariantCulture),
            contributions.GetProperty("links").GetInt32(), contributions.GetProperty("uncles").GetInt32(), contributions.GetProperty("miners").GetArrayLength());
    }

    /// <summary>Waits until all that run know of so many others.</summary>
    public Task UntilPeersAsync(int peers) => Task.WhenAll(Running.Select(node => node.UntilAsync(status => Peers(status) >= peers)));

    /// <summary>SIGINT to all that run, and waits until they have ended.</summary>
    public async Task EndAsync()
    {
        for (int machine = 0; machine < _seats.Length; machine++)
        {
            if (_seats[machine].Node is not NodeProcess node)
                continue;
            await node.InterruptAsync();
            _output.AddRange(Lines(machine, node.Output));
            _seats[machine].Node = null;
            await node.DisposeAsync();
        }
    }

    public async Task<JsonElement[]> StatusesAsync() => await Task.WhenAll(Running.Select(node => node.UntilAsync(_ => true)));

    public async ValueTask DisposeAsync()
    {
        foreach (NodeProcess node in Running)
            await node.DisposeAsync();
    }

    public static int Peers(JsonElement status) => status.GetProperty("clusterTotals").GetProperty("peers").GetInt32();

    public static ulong Height(JsonElement status) => status.GetProperty("chain").GetProperty("height").GetUInt64();

    public static string Tip(JsonElement status) => status.GetProperty("chain").GetProperty("tip").GetString()!;

    public static long Shares(JsonElement status, string what) => status.GetProperty("shares").GetProperty(what).GetInt64();

    private static IEnumerable<string> Lines(int machine, IEnumerable<string> lines) => lines.Select(line => $"{machine}: {line}");

    /// <summary>The difficulty of the share that a line tells of; 0 for any other line.</summary>
    private static double WorkOf(string line) =>
        ShareLine().Match(line) is { Success: true } match ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex("Share (?:accepted|came late): link [0-9]+, difficulty ([0-9]+)")]
    private static partial Regex ShareLine();

    private sealed class Seat(FleetSeat how, string home)
    {
        public FleetSeat How { get; } = how;

        public string Home { get; } = home;

        public NodeProcess? Node { get; set; }
    }
}

/// <param name="Arguments">Of the program.</param>
internal sealed record FleetSeat(params string[] Arguments)
{
    /// <summary>What it runs within, as of <see cref="MemoryLimit"/>.</summary>
    public IReadOnlyList<string> Within { get; init; } = [];

    /// <summary>Whether it is not started with the others.</summary>
    public bool IsLate { get; init; }

    /// <summary>Environment variables, each as NAME=VALUE.</summary>
    public string[] Environment { get; init; } = [];
}

/// <summary>What all nodes of a fleet did, those that were killed included.</summary>
/// <param name="Found">Shares that they found.</param>
/// <param name="Stale">Shares of these that were not the tip when they came.</param>
/// <param name="Rejected">Shares that break a rule.</param>
/// <param name="Work">Sum of the difficulties of all shares that they found.</param>
/// <param name="Credited">Of that, what the chain credits somebody for.</param>
/// <param name="Links">Links of the chain that is credited.</param>
/// <param name="Uncles">Late shares that these name.</param>
/// <param name="Miners">Who is credited.</param>
internal sealed record FleetCount(long Found, long Stale, long Rejected, double Work, double Credited, int Links, int Uncles, int Miners)
{
    /// <summary>Shares that nobody is credited for.</summary>
    public long Lost => Found - Links - Uncles;

    /// <summary>Part of the work that nobody is credited for.</summary>
    public double LostWork => 1 - Credited / Work;
}
