using Microsoft.Extensions.Logging.Abstractions;
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
        for (int machine = 0; machine < Machines; machine++)
            MakeChain(Path.Combine(_home, $"{machine}"), Change - 6);
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

        FleetCount count = await fleet.OneChainAsync();
        TestContext.Out.WriteLine($"{count with { Links = count.Links - (int)Math.Min(2160, Change - 6) }}");
        Assert.That(count.Rejected, Is.Zero);
        Assert.That(fleet.Complaints, Is.Empty);
    }

    /// <summary>A chain without work, as if it had been checked before; the same for all who make one of this length in this second.</summary>
    private void MakeChain(string home, ulong length)
    {
        string file = Path.Combine(_home, "chain");
        string directory = Path.Combine(home, "p2p-miner");
        if (!Directory.Exists(file))
        {
            var tree = new ShareTree(Genesis.Of("default"), (_, _) => throw new InvalidOperationException("what is on the disk was checked before"), _ => false);
            ulong start = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() - length * LinkDifficulty.MaxSolveSeconds;
            using ChainStore store = ChainStore.Open(file, tree, TimeProvider.System, NullLogger.Instance);
            for (ulong i = 1; i <= length; i++)
            {
                ulong now = start + i * LinkDifficulty.MaxSolveSeconds;
                tree.AddVerified(tree.NextTemplate(new MinerId([1, 2, 3]), now).ToShare(0, 0), now);
            }
        }
        foreach (string log in Directory.GetFiles(file, "*.log", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(directory, Path.GetRelativePath(file, log));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(log, copy);
        }
    }
}
