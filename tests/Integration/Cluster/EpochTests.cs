using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using P2PMiner.Integration.Tests.Monero;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>Monero's RandomX key changes while a cluster mines the blocks of two real daemons, and nodes come and go.</summary>
[Category("Node")]
internal sealed partial class EpochTests
{
    private const int Machines = 6;

    /// <summary>The first two have daemons; of the others one is killed before the change, one joins then, and one long after.</summary>
    private const int Daemons = 2, Steady = 2, Killed = 3, Joining = 4, Newcomer = 5;

    /// <summary>The first block under the second key, and the first whose template names it.</summary>
    private const ulong Change = SeedHeight.EpochLength + SeedHeight.Lag + 1, Announcement = SeedHeight.EpochLength + 1;

    /// <summary>Of a block: less than a second of this cluster, and then until its daemons have been asked for the next.</summary>
    private const ulong Difficulty = 100;

    /// <summary>
    /// Links that are there at the beginning. They make the difficulty 1,300, which this cluster needs seconds for: while links come
    /// faster than they go round, some are lost, and that is not what is tested here.
    /// </summary>
    private const ulong FirstLinks = 24;

    /// <summary>Links that the cluster goes on for when all nodes have the second key.</summary>
    private const ulong LinksAfterwards = 8;

    private string _home = "";

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("p2p-miner-epoch-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [Test]
    [Explicit("takes minutes: 2,045 blocks are made, and 70 are mined")]
    public async Task Machines_ThatComeAndGo_WhileMonerosKeyChanges_LoseNoBlockAndNoShare()
    {
        using LocalNetwork network = LocalNetwork.Create(Machines);
        await using MonerodFixture maker = await MonerodFixture.StartAsync();
        await maker.TakeBlocksAsync((int)Announcement - 4);
        await maker.KillAsync();
        await using MachineDaemon first = await MachineDaemon.StartAsync(network, 0, other: 1, Difficulty, maker.DataDirectory);
        await using MachineDaemon second = await MachineDaemon.StartAsync(network, 1, other: 0, Difficulty, maker.DataDirectory);
        await Wait.UntilAsync(async () => await first.IsSynchronizedAsync() && await second.IsSynchronizedAsync(), () => "the daemons know each other");
        PreparedChain.Put(Enumerable.Range(0, Machines).Select(machine => Path.Combine(_home, $"{machine}")), FirstLinks, solveSeconds: 0);
        await using Fleet fleet = new(network, _home, Seats());
        await fleet.UntilPeersAsync(Killed);

        string key = await AnnouncedAsync(fleet, first);
        await ChangedAsync(fleet, key);
        FleetShares count = await fleet.OneChainAsync();
        FoundBlocks blocks = await FoundBlocks.SettleAsync(fleet.Output, [network.Machines[0], network.Machines[1]]);
        await PowerFailsAsync(fleet);
        await fleet.EndAsync();

        StoredChains chains = StoredChains.Read([.. Enumerable.Range(0, Machines).Select(fleet.DataDirectory)], Fleet.Cluster);
        Report(blocks.All, chains, count);
        foreach (bool isAfter in new[] { false, true })
            Assert.That(blocks.All.Where(block => block.IsOnChain && block.Height >= Change == isAfter), Is.Not.Empty);
        LinksHaveTheKeysOfTheirBlocks(chains, Hash256.Parse(await first.BlockAtAsync(0)), Hash256.Parse(key));
        NoShareIsLost(fleet, chains);
        Assert.That(count.Rejected, Is.Zero);
        Assert.That(fleet.Complaints, Is.Empty);
    }

    private static List<FleetSeat> Seats()
    {
        List<FleetSeat> seats = [];
        for (int machine = 0; machine < Machines; machine++)
        {
            string[] daemon = machine < Daemons ? ["--daemon", MachineDaemon.Url, "--wallet", MonerodFixture.AnyAddress] : [];
            string[] threads = machine == 0 ? ["--threads", "0"] : [];
            seats.Add(new FleetSeat([.. daemon, .. threads]) { IsLate = machine >= Joining });
        }
        return seats;
    }

    /// <summary>All nodes hear of the next key and have its cache while the first one is still mined with.</summary>
    /// <returns>The next key.</returns>
    private static async Task<string> AnnouncedAsync(Fleet fleet, MachineDaemon daemon)
    {
        await Task.WhenAll(fleet.Running.Select(node => node.UntilAsync(status => NextKey(status) is not null)));
        string first = await daemon.BlockAtAsync(0);
        string second = await daemon.BlockAtAsync(SeedHeight.EpochLength);
        foreach (NodeProcess node in fleet.Running)
        {
            string ready = $"RandomX cache for key {second} ready";
            await Wait.UntilAsync(() => Task.FromResult(node.Output.Any(line => line.Contains(ready, StringComparison.Ordinal))), node.Explain);
            JsonElement status = await node.UntilAsync(_ => true);
            Assert.That((CurrentKey(status), NextKey(status)), Is.EqualTo((first, second)), node.Explain());
        }
        return second;
    }

    /// <summary>One is killed before the change and comes back after it, one joins meanwhile, and all go on under the next key.</summary>
    private static async Task ChangedAsync(Fleet fleet, string key)
    {
        await UntilBlockAsync(fleet[Steady], Change - 5);
        await fleet.KillAsync(Killed);
        await UntilBlockAsync(fleet[Steady], Change - 2);
        fleet.Start(Joining);
        await Task.WhenAll(fleet.Running.Select(node => node.UntilAsync(status => CurrentKey(status) == key)));
        fleet.Start(Killed);
        ulong height = 0;
        await Task.WhenAll(fleet.Running.Select(node => node.UntilAsync(status =>
            CurrentKey(status) == key && Fleet.Peers(status) == Newcomer - 1 && (height = Math.Max(height, Fleet.Height(status))) > 0)));
        for (ulong link = height + 1; link <= height + LinksAfterwards; link++)
            await Task.WhenAll(fleet.Running.Select(node => node.UntilAsync(status => Fleet.Height(status) >= link)));
    }

    /// <summary>
    /// All end at once, and those that come back have seen none of the blocks under the first key in this life. Who joins then has to
    /// check the links under it all the same.
    /// </summary>
    private static async Task PowerFailsAsync(Fleet fleet)
    {
        for (int machine = 0; machine < Newcomer; machine++)
            await fleet.KillAsync(machine);
        fleet.Start(0);
        fleet.Start(Steady);
        await fleet.UntilPeersAsync(1);
        fleet.Start(Newcomer);
        await fleet.UntilPeersAsync(2);
        await fleet.OneChainAsync();
    }

    /// <summary>Block after block, because all of them together may take longer than anything is waited for.</summary>
    private static async Task UntilBlockAsync(NodeProcess node, ulong height)
    {
        for (ulong next = Announcement; next <= height; next++)
            await node.UntilAsync(status => status.GetProperty("job") is { ValueKind: JsonValueKind.Object } job && job.GetProperty("height").GetUInt64() >= next);
    }

    private static void LinksHaveTheKeysOfTheirBlocks(StoredChains chains, Hash256 first, Hash256 second)
    {
        Link[] links = [.. chains.Branch.Where(link => link.Share.Proof is MoneroProof)];
        foreach (Link link in links)
            Assert.That(link.Share.Header.Key, Is.EqualTo(BlockHeight(link) >= Change ? second : first), $"link {link.Height} on block {BlockHeight(link)}");
        foreach (Hash256 key in new[] { first, second })
            Assert.That(links.Where(link => link.Share.Header.Key == key), Is.Not.Empty);
    }

    /// <summary>
    /// Each share that a node said it had accepted is in that node's chain, and each is credited, unless a rule forbids it or it came
    /// too late to those who found the next links.
    /// </summary>
    private static void NoShareIsLost(Fleet fleet, StoredChains chains)
    {
        foreach (IGrouping<string, string> accepted in fleet.Output.Select(line => AcceptedLine().Match(line)).Where(match => match.Success)
            .Select(match => match.Groups[1].Value + match.Groups[2].Value).GroupBy(accepted => accepted))
        {
            int stored = chains.Shares.Count(share => share.Holders.Contains(share.Finder)
                && string.Create(CultureInfo.InvariantCulture, $"{share.Finder}: {share.Link.Height}, difficulty {share.Link.Share.Header.Difficulty}") == accepted.Key);
            Assert.That(stored, Is.GreaterThanOrEqualTo(accepted.Count()), accepted.Key);
        }
        Assert.That(chains.Shares.Where(share => share.Fate == ShareFate.Forgotten).Select(Describe), Is.Empty);
    }

    private static void Report(IReadOnlyList<SettledBlock> blocks, StoredChains chains, FleetShares count)
    {
        foreach (bool isAfter in new[] { false, true })
        {
            SettledBlock[] side = [.. blocks.Where(block => block.Height >= Change == isAfter)];
            StoredShare[] shares = [.. chains.Shares.Where(share => share.Link.Share.Proof is MoneroProof && BlockHeight(share.Link) >= Change == isAfter)];
            TestContext.Out.WriteLine(
                $"{(isAfter ? "after" : "before")} the change: {FoundBlocks.Of(side)}; "
                + $"shares: {string.Join(", ", shares.GroupBy(share => share.Fate).Select(fate => $"{fate.Count()} {fate.Key}"))}");
        }
        foreach (StoredShare share in chains.Shares.Where(share => share.Fate is not (ShareFate.Link or ShareFate.Uncle)))
            TestContext.Out.WriteLine(Describe(share));
        TestContext.Out.WriteLine($"until the power failed: {count}");
    }

    private static string Describe(StoredShare share) =>
        $"{share.Fate}: link {share.Link.Height} of machine {share.Finder}, on block {BlockHeight(share.Link)}, held by {string.Join(" ", share.Holders)}";

    /// <summary>Null for a share that was mined for the chain alone.</summary>
    private static ulong? BlockHeight(Link link) =>
        link.Share.Proof is MoneroProof proof && CoinbaseTransaction.TryParse(proof.Coinbase.Span, out CoinbaseTransaction coinbase, out _) ? coinbase.Height : null;

    private static string? CurrentKey(JsonElement status) => Keys(status)?.GetProperty("current").GetString();

    private static string? NextKey(JsonElement status) => Keys(status)?.GetProperty("next").GetString();

    private static JsonElement? Keys(JsonElement status) =>
        status.GetProperty("keys") is { ValueKind: JsonValueKind.Object } keys ? keys : null;

    [GeneratedRegex("^([0-9]+: ).*Share accepted: link ([0-9]+, difficulty [0-9]+)")]
    private static partial Regex AcceptedLine();
}
