using System.Text.Json;
using P2PMiner.Integration.Tests.Monero;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Integration.Tests.Cluster.Hostile;

/// <summary>A hostile member among honest nodes that mine the blocks of real daemons, while one of these is killed and another one comes.</summary>
[Category("Node")]
internal sealed class LiarTests
{
    /// <summary>Machines of honest nodes come first, of these the ones with a daemon, which hash nothing; the liar's is behind them.</summary>
    private const int Daemons = 2, Honest = 6, Liar = Honest;

    /// <summary>Who is killed, and who comes in the middle and makes a dataset.</summary>
    private const int Killed = 4, Fresh = 5;

    private const ulong Difficulty = 150;

    /// <summary>The last parts of the liar's addresses: a new one for each kind of lie, or he would be known.</summary>
    private const int FirstAddress = 100;

    private string _home = "";
    private int _lies;

    [SetUp]
    public void MakeHome()
    {
        _home = Directory.CreateTempSubdirectory("p2p-miner-liar-").FullName;
        _lies = 0;
    }

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [Test]
    [Explicit("takes a minute or more")]
    public async Task Liar_WithOneKindOfLieAfterTheOther_CostsNoShareAndNoBlock_AndNobodyHonestIsShutOut()
    {
        using LocalNetwork network = LocalNetwork.Create(Honest + 1);
        await using MachineDaemon first = await MachineDaemon.StartAsync(network, 0, other: 1, Difficulty);
        await using MachineDaemon second = await MachineDaemon.StartAsync(network, 1, other: 0, Difficulty);
        await Wait.UntilAsync(async () => await first.IsSynchronizedAsync() && await second.IsSynchronizedAsync(), () => "the daemons know each other");
        await using Fleet fleet = new(network, _home, Seats());
        await fleet.UntilPeersAsync(Honest - 2);

        // Before all have blocks to mine, some mine under another key, and what is late under that cannot be named.
        await Task.WhenAll(fleet.Running.Select(node => node.UntilAsync(status => JobKey(status) is not null && Fleet.Height(status) > 0)));
        ulong begin = (await fleet.StatusesAsync()).Max(Fleet.Height) + 1;

        await LieAsync(fleet, network, victim: 2, Attacks.All["shares without work"], "brought a share without proof of work");
        await fleet.KillAsync(Killed);
        await LieAsync(fleet, network, victim: 0, Attacks.All["forged jobs"], "published a job that cannot be mined");
        fleet.Start(Fresh);
        Hash256 key = await DatasetKeyAsync(fleet);
        await LieAsync(fleet, network, Fresh, (member, _, stop) => Attacks.ChunksAsync(member, key, stop), "is shut out");
        await LieAsync(fleet, network, victim: 3, Attacks.All["a chain without work"], "is shut out");
        await NobodyIsLostAsync(fleet, network, begin);
    }

    /// <summary>Lies at full speed, coming back under a new name each time, until the victim has found out and the honest ones' chain went on.</summary>
    private async Task LieAsync(
        Fleet fleet, LocalNetwork network, int victim, Func<HostileMember, string, CancellationToken, Task> lie, string complaint)
    {
        NodeProcess node = fleet[victim];
        MachineTransport way = new(network.Machines[Liar], network.AddAddress(Liar, FirstAddress + _lies++));
        Siege siege = new(way, await Besieged.AddressOfAsync(node, victim), Fleet.Cluster);
        ulong before = (await fleet.StatusesAsync()).Max(Fleet.Height);
        using CancellationTokenSource end = new();
        Task attack = siege.RunAsync(lie, end.Token);
        try
        {
            await Wait.UntilAsync(
                () => Task.FromResult(node.Output.Any(line => line.Contains(complaint, StringComparison.Ordinal) && siege.PeerIds.Any(line.Contains))),
                () => $"'{complaint}' is said of the liar, who was let in {siege.Names} times; {node.Explain()}");
            await Task.WhenAll(fleet.Running.Select(honest => honest.UntilAsync(status => Fleet.Height(status) > before)));
        }
        finally
        {
            await end.CancelAsync();
            await attack;
        }
        TestContext.Progress.WriteLine($"{DateTime.Now:T} '{complaint}': {siege.Sent} messages under {siege.Names} names, {siege.Refusals} times refused");
    }

    /// <summary>The key whose dataset the fresh node makes once it mines what the others do.</summary>
    private static async Task<Hash256> DatasetKeyAsync(Fleet fleet)
    {
        string key = JobKey(await fleet[0].UntilAsync(status => JobKey(status) is not null))!;
        await fleet[Fresh].UntilAsync(status => status.GetProperty("dataset") is { ValueKind: JsonValueKind.Object } dataset && dataset.GetProperty("key").GetString() == key);
        return Hash256.Parse(key);
    }

    private static async Task NobodyIsLostAsync(Fleet fleet, LocalNetwork network, ulong begin)
    {
        string[] honest = [.. await Task.WhenAll(Enumerable.Range(0, Honest).Select(fleet.PeerIdAsync))];
        string[] running = [.. honest.Where((_, machine) => fleet.IsRunning(machine))];
        await Task.WhenAll(fleet.Running.Select(node => KnowsAsync(node, running)));
        await Task.WhenAll(fleet.Running.Select(node => node.UntilAsync(status => Fleet.Height(status) > begin + 2 * UncleRules.Depth)));

        FleetShares shares = await fleet.OneChainAsync(begin);
        FoundBlocks blocks = await FoundBlocks.SettleAsync(fleet.Output, [network.Machines[0], network.Machines[1]]);
        TestContext.Out.WriteLine($"{shares}; {blocks}");
        Assert.That(blocks.All, Is.Not.Empty);
        Assert.That(shares.All, Is.Not.Empty);
        Assert.That(shares.Rejected, Is.Zero);

        // What the killed one had told nobody died with it.
        Assert.That(shares.Lost.Where(share => share.Machine != Killed || share.Holders > 1), Is.Empty);
        Assert.That(fleet.Complaints.Where(line => line.Contains("wrong hash", StringComparison.Ordinal) || honest.Any(line.Contains)), Is.Empty);
        JsonElement contributions = await fleet[2].ContributionsAsync();
        Assert.That(contributions.GetProperty("miners").EnumerateArray().Select(miner => miner.GetProperty("miner").GetString()), Is.SubsetOf(honest));
    }

    /// <summary>Waits until a node is connected with all the others.</summary>
    private static Task KnowsAsync(NodeProcess node, string[] others) => Wait.UntilAsync(
        async () =>
        {
            string self = (await node.UntilAsync(_ => true)).GetProperty("peerId").GetString()!;
            JsonElement[] peers = await node.PeersAsync();
            return others.Where(other => other != self).All(other => peers.Any(peer =>
                peer.GetProperty("peerId").GetString() == other && peer.GetProperty("address").ValueKind == JsonValueKind.String));
        },
        node.Explain);

    private static FleetSeat[] Seats()
    {
        FleetSeat[] seats = [.. Enumerable.Range(0, Honest).Select(machine =>
            machine < Daemons ? new FleetSeat("--threads", "0", "--daemon", MachineDaemon.Url, "--wallet", MonerodFixture.AnyAddress) : new FleetSeat())];
        seats[Fresh] = new FleetSeat("--memory", "full") { IsLate = true };
        return seats;
    }

    /// <summary>Of the block that a node mines; null while it mines none.</summary>
    private static string? JobKey(JsonElement status) =>
        status.GetProperty("job") is { ValueKind: JsonValueKind.Object } job && job.GetProperty("publisher").GetString() is not null ? job.GetProperty("key").GetString() : null;
}
