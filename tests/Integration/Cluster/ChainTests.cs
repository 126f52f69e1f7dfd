using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>One share chain on machines that are parted, or whose clocks are wrong.</summary>
[Category("Node")]
public sealed class ChainTests
{
    private string _home = "";

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("p2p-miner-chain-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    /// <summary>
    /// How late the first of the losing side comes is a matter of luck, and it counts when it is no more than three links behind: so
    /// the cable is pulled until that happens.
    /// </summary>
    [Test]
    public async Task TwoMachines_PartedForAWhile_HaveOneChain_InWhichTheWorkOfBothCounts()
    {
        using LocalNetwork network = LocalNetwork.Create(2);
        await using NodeProcess first = NodeProcess.StartOn(network.Machines[0], Home(0));
        await using NodeProcess second = NodeProcess.StartOn(network.Machines[1], Home(1));
        await Task.WhenAll(first.UntilAsync(status => Height(status) > 0 && Peers(status) == 1), second.UntilAsync(status => Height(status) > 0 && Peers(status) == 1));

        JsonElement contributions;
        do
        {
            network.SetCable(0, isIn: false);
            await Task.WhenAll(new[] { first, second }.Select(async node =>
            {
                long before = Found(await node.UntilAsync(_ => true));
                await node.UntilAsync(status => Found(status) > before);
            }));
            network.SetCable(0, isIn: true);
            await first.UntilAsync(status => Peers(status) == 1);
            await OneChainAsync(first, second);
            contributions = await first.ContributionsAsync();
        }
        while (contributions.GetProperty("uncles").GetInt32() == 0 || contributions.GetProperty("miners").GetArrayLength() == 1);

        Assert.That(contributions.GetProperty("miners").GetArrayLength(), Is.EqualTo(2));
        Assert.That(contributions.GetProperty("miners").EnumerateArray().Sum(miner => miner.GetProperty("part").GetDouble()), Is.EqualTo(1).Within(1e-9));
        await SameContributionsAsync(first, second);
    }

    [Test]
    public async Task MachineWhoseClockIsBehind_SaysSo_AndTakesPart()
    {
        if (FakeClock.Library is null)
            Assert.Ignore("needs the package libfaketime");
        using LocalNetwork network = LocalNetwork.Create(2);
        MakeChain(Home(0));
        MakeChain(Home(1));
        await using NodeProcess right = NodeProcess.StartOn(network.Machines[0], Home(0));
        await using NodeProcess behind = NodeProcess.StartOn(network.Machines[1], FakeClock.Off(TimeSpan.FromHours(-1)), Home(1));
        await Task.WhenAll(new[] { right, behind }.Select(node => node.UntilAsync(status => Peers(status) == 1 && Accepted(status) > 0)));
        await OneChainAsync(right, behind);
        string self = (await behind.UntilAsync(_ => true)).GetProperty("peerId").GetString()!;
        await Wait.UntilAsync(async () => Miners(await right.ContributionsAsync()).Contains(self), () => $"its work counts; {behind.Explain()}");
        await Wait.UntilAsync(
            () => Task.FromResult(behind.Output.Any(line => line.Contains("s behind what most shares", StringComparison.Ordinal))), () => $"it says so; {behind.Explain()}");
        Assert.That(right.Output, Has.None.Contains("clock is"));
    }

    /// <summary>Until it has noticed, nobody builds on its links, but they count as uncles.</summary>
    [Test]
    public async Task MachineWhoseClockIsAhead_HasItsWorkCountedFromTheBegin()
    {
        if (FakeClock.Library is null)
            Assert.Ignore("needs the package libfaketime");
        using LocalNetwork network = LocalNetwork.Create(2);
        MakeChain(Home(0));
        MakeChain(Home(1));

        // Of two machines that hash equally fast neither can know whose clock is wrong, once their chains have parted.
        await using NodeProcess right = NodeProcess.StartOn(network.Machines[0], Home(0), "--threads", "2");
        await using NodeProcess ahead = NodeProcess.StartOn(network.Machines[1], FakeClock.Off(TimeSpan.FromHours(1)), Home(1));
        string self = (await ahead.UntilAsync(status => Found(status) > 0)).GetProperty("peerId").GetString()!;
        await Wait.UntilAsync(async () => Miners(await right.ContributionsAsync()).Contains(self), () => $"its work counts; {ahead.Explain()}");
    }

    /// <summary>A chain of the last minutes, at the least difficulty, as if the node had been there before.</summary>
    private static void MakeChain(string home)
    {
        const int links = 2 * ChainClock.OutvotingLinks;
        var tree = new ShareTree(Genesis.Of("default"), (_, _) => throw new InvalidOperationException("what is on the disk was checked before"), _ => false);
        ulong start = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() - links * LinkDifficulty.MaxSolveSeconds;
        using ChainStore store = ChainStore.Open(Path.Combine(home, "p2p-miner"), tree, TimeProvider.System, NullLogger.Instance);
        for (int i = 1; i <= links; i++)
        {
            ulong now = start + (ulong)(i * LinkDifficulty.MaxSolveSeconds);
            tree.AddVerified(tree.NextTemplate(new MinerId([1, 2, 3]), now).ToShare(0, 0), now);
        }
    }

    private static IEnumerable<string?> Miners(JsonElement contributions) =>
        contributions.GetProperty("miners").EnumerateArray().Select(miner => miner.GetProperty("miner").GetString());

    private static async Task SameContributionsAsync(NodeProcess first, NodeProcess second)
    {
        string left = "";
        string right = "";
        await Wait.UntilAsync(
            async () =>
            {
                left = (await first.ContributionsAsync()).GetRawText();
                right = (await second.ContributionsAsync()).GetRawText();
                return left == right;
            },
            () => $"{left}\n{right}");
    }

    private static async Task OneChainAsync(NodeProcess first, NodeProcess second)
    {
        string?[] tips = [];
        await Wait.UntilAsync(
            async () =>
            {
                tips = await Task.WhenAll(new[] { first, second }.Select(async node => Tip(await node.UntilAsync(_ => true))));
                return tips[0] == tips[1];
            },
            () => $"tips {string.Join(", ", tips)}; {first.Explain()}; {second.Explain()}");
    }

    private string Home(int machine) => Path.Combine(_home, $"{machine}");

    private static int Peers(JsonElement status) => status.GetProperty("clusterTotals").GetProperty("peers").GetInt32();

    private static long Accepted(JsonElement status) => status.GetProperty("shares").GetProperty("accepted").GetInt64();

    private static long Found(JsonElement status) => status.GetProperty("shares").GetProperty("found").GetInt64();

    private static ulong Height(JsonElement status) => status.GetProperty("chain").GetProperty("height").GetUInt64();

    private static string? Tip(JsonElement status) => status.GetProperty("chain").GetProperty("tip").GetString();
}
