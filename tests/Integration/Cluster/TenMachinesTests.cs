using System.Globalization;
using System.Text.Json;
using P2PMiner.Integration.Tests.Monero;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>
/// Ten machines on one switch, or as many as P2P_MINER_MACHINES says, daemons behind two of them: whatever is killed, parted, slow or
/// wrong about the time, no block is lost and one chain is left.
/// </summary>
[Category("Node")]
internal sealed class TenMachinesTests
{
    /// <summary>More of them have nodes that check everything and hash nothing, as the cores of one machine have enough with these.</summary>
    private const int Hashing = 10;

    /// <summary>What nobody may be credited for, of all work.</summary>
    private const double MostLost = 0.01;

    /// <summary>The machines with daemons are the first ones, and that of the dataset, in long runs, the next.</summary>
    private const int Daemons = 2, Host = 2;

    /// <summary>The machine whose clock is wrong, where one is.</summary>
    private const int Early = 4;

    /// <summary>Of the last machines.</summary>
    private const int SmallMebibytes = 1024;

    private readonly List<MemoryLimit> _limits = [];
    private string _home = "";

    /// <summary>At least six.</summary>
    private static int Machines { get; } = Setting("P2P_MINER_MACHINES", 10);

    /// <summary>From this machine on, memory is limited.</summary>
    private static int FirstSmall => Machines * 6 / 10;

    /// <summary>One machine in so many hashes.</summary>
    private static int HashingStep => Math.Max(1, Machines / Hashing);

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
    public async Task TenMachines_KilledAndParted_LoseNoBlock_AndHaveOneChain()
    {
        FleetSeat[] seats = Seats(machine => Threads(machine % (2 * HashingStep) == 1));
        using LocalNetwork network = LocalNetwork.Create(Machines);
        await using MachineDaemon first = await MachineDaemon.StartAsync(network, 0, other: 1, difficulty: 60);
        await using MachineDaemon second = await MachineDaemon.StartAsync(network, 1, other: 0, difficulty: 60);
        await SynchronizedAsync(first, second);
        await using Fleet fleet = new(network, _home, seats);
        await fleet.UntilPeersAsync(Machines - 1);

        // A publisher, a finder, a small machine.
        int[] victims = [0, 5, Machines - 3];
        foreach (int victim in victims)
            await fleet.KillAsync(victim);
        foreach (int victim in victims)
            fleet.Start(victim);
        await fleet.UntilPeersAsync(Machines - 1);

        ulong parted = (await Task.WhenAll(fleet.Running.Select(node => node.UntilAsync(_ => true)))).Min(Fleet.Height);
        network.Part(Machines / 2, isParted: true);
        await Task.WhenAll(fleet.Running.Select(node => node.UntilAsync(status => Fleet.Peers(status) < Machines / 2)));
        network.Part(Machines / 2, isParted: false);
        await fleet.UntilPeersAsync(Machines - 1);

        // The last three links do not count.
        await fleet[1].UntilAsync(status => Fleet.Height(status) >= 6);
        FleetShares shares = await ReportAsync(fleet, network, daemons: [0, 1], "killed and parted");

        // Of what was found while they were parted nothing is asked, as below.
        Assert.That(shares.Lost.Where(share => share.Height < parted), Is.Empty, "lost by kills");
    }

    [Test]
    [Explicit("takes an hour and 8 GiB of memory; P2P_MINER_KILLS and _KILL_SECONDS make it shorter, _KILL_DIFFICULTY is that of blocks, _KILL_LOG gets what all nodes say")]
    public async Task TenMachines_KilledForAnHour_LoseNoBlock_AndLittleWork()
    {
        int kills = Setting("P2P_MINER_KILLS", 100);
        int pause = Setting("P2P_MINER_KILL_SECONDS", 36);
        ulong difficulty = (ulong)Setting("P2P_MINER_KILL_DIFFICULTY", 10_000);
        Random random = new(20261121);
        string[] host = Setting("P2P_MINER_KILL_HOST", 1) != 0 ? ["--mode", "master", "--memory", "full", "--dataset-cache", Path.Combine(_home, "dataset")] : [];
        FleetSeat[] seats = Seats(machine => [.. Threads(machine % HashingStep == 0), .. machine == Host ? host : []]);
        using LocalNetwork network = LocalNetwork.Create(Machines);
        await using MachineDaemon first = await MachineDaemon.StartAsync(network, 0, other: 1, difficulty);
        await using MachineDaemon second = await MachineDaemon.StartAsync(network, 1, other: 0, difficulty);
        await SynchronizedAsync(first, second);
        await using Fleet fleet = new(network, _home, seats);
        await fleet.UntilPeersAsync(Machines - 1);

        try
        {
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
            FleetShares shares = await ReportAsync(fleet, network, daemons: [0, 1], $"{kills} kills");
            Assert.That(shares.LostWork, Is.LessThanOrEqualTo(MostLost), string.Join('\n', shares.Lost));
        }
        finally
        {
            if (Environment.GetEnvironmentVariable("P2P_MINER_KILL_LOG") is { Length: > 0 } log)
                await File.WriteAllLinesAsync(log, fleet.Output);
        }
    }

    /// <summary>Two halves, one with a slow line and the other with a wrong clock, parted and joined again.</summary>
    [Test]
    [Explicit("takes minutes; P2P_MINER_PARTINGS says how many")]
    public async Task TenMachines_PartedAgainAndAgain_HaveOneChain_AlsoWithASlowLineAndAWrongClock()
    {
        Prerequisite.Check(FakeClock.Library is null ? "no wrong clock without the package libfaketime" : null);
        string[] early = FakeClock.Off(TimeSpan.FromHours(1));
        FleetSeat[] seats = Seats(machine => Threads(machine % HashingStep == 0));
        seats[Early] = seats[Early] with { Environment = early };
        (seats[1], seats[Machines / 2]) = (seats[Machines / 2], seats[1]);
        using LocalNetwork network = LocalNetwork.Create(Machines);
        network.SlowDown(Machines - 1, kilobits: 1000, milliseconds: 300);
        await using MachineDaemon first = await MachineDaemon.StartAsync(network, 0, other: Machines / 2, difficulty: 600);
        await using MachineDaemon second = await MachineDaemon.StartAsync(network, Machines / 2, other: 0, difficulty: 600);
        await SynchronizedAsync(first, second);
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

        // Who is parted from the rest works for nothing, by nature: so there is no bound of what is lost.
        await ReportAsync(fleet, network, daemons: [0, Machines / 2], "parted");
    }

    private static Task SynchronizedAsync(MachineDaemon first, MachineDaemon second) => Wait.UntilAsync(
        async () => await first.IsSynchronizedAsync() && await second.IsSynchronizedAsync(), () => "the daemons know each other");

    /// <summary>Waits until all have one chain, and the daemons too, and tells what was found and lost.</summary>
    private static async Task<FleetShares> ReportAsync(Fleet fleet, LocalNetwork network, int[] daemons, string what)
    {
        FleetShares shares = await fleet.OneChainAsync();
        FoundBlocks blocks = await FoundBlocks.SettleAsync(fleet.Output, [.. daemons.Select(machine => network.Machines[machine])]);
        TestContext.Out.WriteLine($"{Machines} machines, {what}: {blocks}; {shares}");
        Assert.That(blocks.All, Is.Not.Empty);
        Assert.That(blocks.Twice, Is.Zero, "blocks that were found twice: somebody did again what was done");
        Assert.That(shares.All, Is.Not.Empty);
        Assert.That(shares.Rejected, Is.Zero);
        Assert.That(fleet.Complaints, Is.Empty);
        return shares;
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

    private static string[] Threads(bool isHashing) => isHashing ? [] : ["--threads", "0"];

    private FleetSeat[] Seats(Func<int, string[]> arguments) => [.. Enumerable.Range(0, Machines).Select(machine =>
    {
        string[] daemon = machine < Daemons ? ["--daemon", MachineDaemon.Url, "--wallet", MonerodFixture.AnyAddress] : [];

        // What one machine does beside hashing would not wait for nine others that hash.
        FleetSeat seat = new(["--low-priority", .. daemon, .. arguments(machine)]);
        return machine < FirstSmall ? seat : seat with { Within = Limit().Command };
    })];

    private MemoryLimit Limit()
    {
        MemoryLimit? limit = MemoryLimit.TryCreate(SmallMebibytes);
        if (limit is null)
            Prerequisite.Miss("no control group can be made here that limits memory");
        _limits.Add(limit);
        return limit;
    }

    private static int Setting(string name, int standard) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : standard;
}
