using System.Text.Json;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>Many nodes, one on each machine, of which some are killed and started again, and what all of them did together.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    /// <summary>That nodes join which are told nothing.</summary>
    public const string Cluster = "default";

    private readonly LocalNetwork _network;
    private readonly Seat[] _seats;
    private readonly List<string> _output = [];

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

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync(int machine)
    {
        NodeProcess node = this[machine];
        await PeerIdAsync(machine);
        await node.KillAsync();
        _output.AddRange(Lines(machine, node.Output));
        _seats[machine].Node = null;
        await node.DisposeAsync();
    }

    /// <summary>Waits for a moment at which all that run have the same chain, and counts what became of all shares.</summary>
    /// <param name="after">Shares up to this height do not count.</param>
    public async Task<FleetShares> OneChainAsync(ulong after = 0)
    {
        JsonElement[] all = [];
        FleetShares? shares = null;
        await Wait.UntilAsync(
            async () =>
            {
                all = await StatusesAsync();
                if (all.Select(Tip).Distinct().Count() > 1)
                    return false;
                shares = await CountAsync(after);
                return shares.Common + UncleRules.Depth >= Height(all[0]);
            },
            () => $"tips {string.Join(", ", all.Select(status => $"{Tip(status)} at {Height(status)} with {Peers(status)} peers"))}; {shares}; {Running[0].Explain()}");
        await SameContributionsAsync();
        return shares!;
    }

    /// <summary>The id of a machine's node, which it keeps; also after it was killed.</summary>
    public async Task<string> PeerIdAsync(int machine) =>
        _seats[machine].PeerId ??= (await this[machine].UntilAsync(_ => true)).GetProperty("peerId").GetString()!;

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

    private static IEnumerable<string> Lines(int machine, IEnumerable<string> lines) => lines.Select(line => $"{machine}: {line}");

    private async Task<FleetShares> CountAsync(ulong after)
    {
        int[] running = [.. Enumerable.Range(0, _seats.Length).Where(IsRunning)];
        foreach (int machine in running)
            await PeerIdAsync(machine);

        // What a node tells of is on its disk before.
        IReadOnlyList<string> output = Output;
        ShareTree[] chains = [.. Enumerable.Range(0, _seats.Length).Select(machine => StoredChain.Read(DataDirectory(machine), Cluster))];
        return FleetShares.Of(chains, [.. _seats.Select(seat => seat.PeerId)], running, output, after);
    }

    /// <summary>Nodes whose chains end alike credit everybody alike.</summary>
    private async Task SameContributionsAsync()
    {
        JsonElement[] all = await Task.WhenAll(Running.Select(node => node.ContributionsAsync()));
        foreach (IGrouping<string?, JsonElement> alike in all.GroupBy(contributions => contributions.GetProperty("tip").GetString()))
            Assert.That(alike.Select(contributions => contributions.GetRawText()).Distinct().Count(), Is.EqualTo(1), string.Join('\n', alike));
    }

    private sealed class Seat(FleetSeat how, string home)
    {
        public FleetSeat How { get; } = how;

        public string Home { get; } = home;

        public NodeProcess? Node { get; set; }

        public string? PeerId { get; set; }
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
