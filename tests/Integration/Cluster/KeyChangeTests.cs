using P2PMiner.Node.ShareChain;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>The chain's RandomX key changes, while nodes come and go.</summary>
[Category("Node")]
internal sealed class KeyChangeTests
{
    private const int Machines = 4;

    /// <summary>The first link under the second key.</summary>
    private const ulong Change = SeedHeight.EpochLength + SeedHeight.Lag + 1;

    private string _home = "";

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("p2p-miner-key-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [Test]
    [Explicit("takes a minute, and longer where other things run")]
    public async Task Machines_ThatComeAndGo_WhileTheKeyChanges_HaveOneChain_AndNoShareUnderAWrongKey()
    {
        PreparedChain.Put(Enumerable.Range(0, Machines).Select(machine => Path.Combine(_home, $"{machine}")), Change - 6, LinkDifficulty.MaxSolveSeconds);
        using LocalNetwork network = LocalNetwork.Create(Machines);
        await using Fleet fleet = new(network, _home, [.. Enumerable.Range(0, Machines).Select(_ => new FleetSeat())]);
        await fleet.KillAsync(3);
        await fleet[0].UntilAsync(status => Fleet.Height(status) >= Change - 3);
        await fleet.KillAsync(1);
        fleet.Start(3);
        await fleet[0].UntilAsync(status => Fleet.Height(status) >= Change);
        fleet.Start(1);
        await Task.WhenAll(fleet.Running.Select(node => node.UntilAsync(status =>
            Fleet.Height(status) >= Change + 6 && Fleet.Peers(status) == Machines - 1)));

        FleetShares shares = await fleet.OneChainAsync();
        TestContext.Out.WriteLine(shares);
        Assert.That(shares.Rejected, Is.Zero);
        Assert.That(fleet.Complaints, Is.Empty);
    }
}
