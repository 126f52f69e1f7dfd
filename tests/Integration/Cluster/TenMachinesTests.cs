using System.Globalization;
using System.Text.Json;
using P2PMiner.Integration.Tests.Monero;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>
/// Ten machines on one switch, daemons behind two of them: whatever is killed, parted, slow or wrong about the time, no block is
/// lost and one chain is left.
/// </summary>
[Category("Node")]
internal sealed class TenMachinesTests
{
    private const int Machines = 10;

    /// <summary>The machines with daemons are the first ones, and that of the dataset, in long runs, the next.</summary>
    private const int Daemons = 2, Host = 2;

    /// <summary>From this machine on, memory is limited.</summary>
    private const int FirstSmall = 6, SmallMebibytes = 1024;

    private readonly List<MemoryLimit> _limits = [];
    private string _home = "";

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("p2p-miner-ten-").FullName;

    [TearDown]
    public void RemoveHome()
    {
        foreach (MemoryLimit limit in _limits)
            limit.Dispose();
        _limits.Clear();
        Directory.Delete(_home, recursive: true);
    }

    /// <summary>Half of the machines hash nothing, so that ten fit on two cores; they check everything all the same.</summary>
    [Test]
    [Explicit("ten nodes on two cores take minutes")]
    public async Task TenMachines_KilledAndParted_LoseNoBlock_AndHaveOneChain()
    {
        using LocalNetwork network = LocalNetwork.Create(Machines);
        await using MachineDaemon first = await MachineDaemon.StartAsync(network, 0, other: 1, difficulty: 60);
        await using MachineDaemon second = await MachineDaemon.StartAsync(network, 1, other: 0, difficulty: 60);
        await SynchronizedAsync(first, second);
        await using Fleet fleet = new(network, _home, Seats(machine => machine % 2 == 0 ? ["--threads", "0"] : []));
        await fleet.UntilPeersAsync(Machines - 1);

        // A publisher, a finder, a small machine.
        foreach (int victim in new[] { 0, 5, 7 })
            await fleet.KillAsync(victim);
        foreach (int victim in new[] { 0, 5, 7 })
            fleet.Start(victim);
        await fleet.UntilPeersAsync(Machines - 1);

        network.Part(Machines / 2, isParted: true);
        await Task.WhenAll(fleet.Running.Select(node => node.UntilAsync(status => Fleet.Peers(status) < Machines / 2)));
        network.Part(Machines / 2, isParted: false);
        await fleet.UntilPeersAsync(Machines - 1);

        FleetCount count = await fleet.OneChainAsync();
        Assert.That(count.Rejected, Is.Zero);
        Blocks blocks = await FindBlocksAsync(fleet, first, second);
        TestContext.Out.WriteLine($"{count}, {blocks}");
        Assert.That(fleet.Complaints, Is.Empty);
    }

    [Test]
    [Explicit("takes an hour and 8 GiB of memory; P2P_MINER_KILLS and P2P_MINER_KILL_SECONDS make it shorter")]
    public async Task TenMachines_KilledForAnHour_LoseNoBlock_AndLittleWork()
    {
        int kills = Setting("P2P_MINER_KILLS", 100);
        int pause = Setting("P2P_MINER_KILL_SECONDS", 36);
        Random random = new(20261121);
        string dataset = Path.Combine(_home, "dataset");
        using LocalNetwork network = LocalNetwork.Create(Machines);
        await using MachineDaemon first = await MachineDaemon.StartAsync(network, 0, other: 1, difficulty: 600);
        await using MachineDaemon second = await MachineDaemon.StartAsync(network, 1, other: 0, difficulty: 600);
        await SynchronizedAsync(first, second);
        await using Fleet fleet = new(network, _home, Seats(machine =>
            machine == Host && Setting("P2P_MINER_KILL_HOST", 1) != 0 ? ["--mode", "master", "--memory", "full", "--dataset-cache", dataset] : []));
        await fleet.UntilPeersAsync(Machines - 1);

        for (int kill = 0; kill < kills; kill++)
        {
            int victim = await VictimAsync(fleet, kill);
            await fleet.KillAsync(victim);
            int away = random.Next(Math.Max(1, pause / 2));
            TestContext.Progress.WriteLine($"{DateTime.Now:T} kill {kill + 1}: machine {victim}, away for {away} s");
            await Task.Delay(TimeSpan.FromSeconds(away));
            fleet.Start(victim);
            await Task.Delay(TimeSpan.FromSeconds(pause - away));
        }
        await fleet.UntilPeersAsync(Machines - 1);
        await ReportAsync(fleet, first, second, $"{kills} kills");
    }

    /// <summary>Two halves, one with a slow line and the other with a wrong clock, parted and joined again.</summary>
    [Test]
    [Explicit("takes minutes; P2P_MINER_PARTINGS says how many")]
    public async Task TenMachines_PartedAgainAndAgain_HaveOneChain_AlsoWithASlowLineAndAWrongClock()
    {
        using LocalNetwork network = LocalNetwork.Create(Machines);
        network.SlowDown(Machines - 1, kilobits: 1000, milliseconds: 300);
        await using MachineDaemon first = await MachineDaemon.StartAsync(network, 0, other: Machines / 2, difficulty: 600);
        await using MachineDaemon second = await MachineDaemon.StartAsync(network, Machines / 2, other: 0, difficulty: 600);
        await SynchronizedAsync(first, second);
        string[] early = FakeClock.Library is null ? [] : FakeClock.Off(TimeSpan.FromHours(1));
        FleetSeat[] seats = [.. Seats(_ => []).Select((seat, machine) => machine == 3 ? seat with { Environment = early } : seat)];
        (seats[1], seats[Machines / 2]) = (seats[Machines / 2], seats[1]);
        await using Fleet fleet = new(network, _home, seats);
        await fleet.UntilPeersAsync(Machines - 1);
        for (int parting = 0; parting < Setting("P2P_MINER_PARTINGS", 5); parting++)
        {
            network.Part(Machines / 2, isParted: true);
            await Task.WhenAll(fleet.Running.Select(node => node.UntilAsync(status => Fleet.Peers(status) < Machines / 2)));
            await Task.Delay(TimeSpan.FromSeconds(5 * parting));
            network.Part(Machines / 2, isParted: false);
            await fleet.UntilPeersAsync(Machines - 1);
            TestContext.Progress.WriteLine($"{DateTime.Now:T} parting {parting + 1}: {await fleet.OneChainAsync()}");
        }
        await Task.Delay(TimeSpan.FromSeconds(30));
        await ReportAsync(fleet, first, second, "parted");
    }

    private static Task SynchronizedAsync(MachineDaemon first, MachineDaemon second) => Wait.UntilAsync(
        async () => await first.IsSynchronizedAsync() && await second.IsSynchronizedAsync(), () => "the daemons know each other");

    private static async Task ReportAsync(Fleet fleet, MachineDaemon first, MachineDaemon second, string what)
    {
        FleetCount count = await fleet.OneChainAsync();
        if (Environment.GetEnvironmentVariable("P2P_MINER_KILL_LOG") is { Length: > 0 } log)
            await File.WriteAllLinesAsync(log, fleet.Output);
        Blocks blocks = await FindBlocksAsync(fleet, first, second);
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}: {blocks}; {count}; {count.Lost} shares lost, {100.0 * count.Lost / count.Found:F2} %, which are {100 * count.LostWork:F2} % of the work"));
        Assert.That(count.Rejected, Is.Zero);
        Assert.That(fleet.Complaints, Is.Empty);
    }

    /// <summary>The publisher that is mined with, the host, and all others one after the other.</summary>
    private static async Task<int> VictimAsync(Fleet fleet, int kill)
    {
        if (kill % 4 == 1)
            return Host;
        if (kill % 4 != 0)
            return (kill / 4 * 2 + kill % 4) % Machines;
        string? publisher = null;
        await fleet[Machines - 1].UntilAsync(status =>
            (publisher = status.GetProperty("job") is { ValueKind: JsonValueKind.Object } job ? job.GetProperty("publisher").GetString() : null) is not null);
        JsonElement status = await fleet[0].UntilAsync(_ => true);
        return status.GetProperty("peerId").GetString() == publisher ? 0 : 1;
    }

    private List<FleetSeat> Seats(Func<int, string[]> arguments)
    {
        List<FleetSeat> seats = [];
        for (int machine = 0; machine < Machines; machine++)
        {
            string[] daemon = machine < Daemons ? ["--daemon", MachineDaemon.Url, "--wallet", MonerodFixture.AnyAddress] : [];
            MemoryLimit? limit = machine >= FirstSmall ? MemoryLimit.TryCreate(SmallMebibytes) : null;
            if (limit is not null)
                _limits.Add(limit);
            // What one machine does beside hashing would not wait for nine others that hash.
            seats.Add(new FleetSeat(["--low-priority", .. daemon, .. arguments(machine)]) { Within = limit?.Command ?? [] });
        }
        return seats;
    }

    /// <summary>Waits until each block that was found is known to a daemon, and counts those that another one was faster than.</summary>
    private static async Task<Blocks> FindBlocksAsync(Fleet fleet, MachineDaemon first, MachineDaemon second)
    {
        IReadOnlyList<ClusterBlock> found = await ClusterBlock.AllOfAsync(fleet, first, second);
        Assert.That(found, Is.Not.Empty);
        return new Blocks(found.Count, found.Count(block => !block.IsOnChain));
    }

    private static int Setting(string name, int standard) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : standard;

    /// <param name="Found">Blocks that a node has found.</param>
    /// <param name="Late">Blocks of these whose place another one took, which is on the chain.</param>
    private sealed record Blocks(int Found, int Late);
}
