using System.Globalization;
using System.Text.Json;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.Mining;

namespace P2PMiner.Integration.Tests.Cluster.Hostile;

/// <summary>What one member who means harm costs another one, coming back under a new name whenever he is shut out.</summary>
[Category("Node")]
internal sealed class HostileMemberTests
{
    /// <summary>From the beginning of an attack: most of what is allowed at once falls into it.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(4);

    private string _home = "";

    private static IEnumerable<string> Chosen => Attacks.All.Keys.Where(name => Setting("ATTACK", "") is var part && name.Contains(part, StringComparison.Ordinal));

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("p2p-miner-hostile-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    /// <summary>
    /// A minute from the first moment on, by somebody who has everything before him that is allowed at once. Before and after it he attacks
    /// another node as he does the victim, so that what his own work does to the memory that all CPUs share counts for nobody.
    /// </summary>
    [TestCaseSource(nameof(Chosen))]
    [Explicit("a measurement that takes minutes; P2P_MINER_HOSTILE_SECONDS, _ADDRESSES and _ATTACK say how long, from where and what")]
    public async Task HostileMember_UnderOneNameAfterTheOther_CostsLittle(string name)
    {
        TimeSpan span = TimeSpan.FromSeconds(Number("SECONDS", 60));
        await using Besieged victim = await Besieged.StartAsync(_home, Number("ADDRESSES", 1));
        await using NodeProcess other = victim.StartOther(_home);
        await victim.Node.UntilAsync(now => Fleet.Height(now) > 1);
        await victim.MeetAsync();
        await Task.Delay(TimeSpan.FromSeconds(Number("SETTLE", 15)));

        Window before = await victim.WatchAsync(() => Task.Delay(span / 2), Besieged.Hashes, await victim.BesiegeOtherAsync(other), Attacks.All[name]);
        Siege siege = await victim.BesiegeAsync();
        Task<Window> burst = victim.WatchAsync(() => Task.Delay(Burst), Besieged.Hashes);
        Window attacked = await victim.WatchAsync(() => Task.Delay(span), Besieged.Hashes, siege, Attacks.All[name]);
        Window after = await victim.WatchAsync(() => Task.Delay(span / 2), Besieged.Hashes, await victim.BesiegeOtherAsync(other), Attacks.All[name]);

        Window alone = Mean([before, after]);
        double first = (await burst).LossAgainst(alone);
        TestContext.Progress.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {attacked.LossAgainst(alone):F1} % of the hash rate in {span.TotalSeconds:F0} s, {first:F1} % in the first {Burst.TotalSeconds:F0} s; "
            + $"by hashes {attacked.SlowerThan(alone):F1} % of {before.Rate:F1} and {after.Rate:F1} H/s; "
            + $"beside hashing {alone.Others:F1} % of its CPU alone, then {attacked.Others:F1} %; {siege.Sent} messages under {siege.Names} names, {siege.Refusals} times refused"));
        Assert.That(attacked.LossAgainst(alone), Is.LessThanOrEqualTo(5));
    }

    /// <summary>
    /// What hosts that send wrong chunks take of a node that computes its dataset meanwhile. In the windows before them he attacks another node,
    /// as above; that one has no dataset to make, so that it gets shares without work, for which he is shut out as well.
    /// </summary>
    [Test]
    [Explicit("a measurement that takes minutes and 3 GiB of memory; P2P_MINER_HOSTILE_WINDOWS says how many pairs")]
    public async Task HostileHost_UnderOneNameAfterTheOther_CostsADatasetLittle()
    {
        List<Window> alone = [], beset = [];
        for (int i = 0; i < Number("WINDOWS", 1); i++)
        {
            alone.Add(await DatasetAsync($"alone-{i}", isBeset: false));
            beset.Add(await DatasetAsync($"beset-{i}", isBeset: true));
        }
        double loss = Mean(beset).LossAgainst(Mean(alone));
        TestContext.Progress.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"wrong chunks: {loss:F1} % of a dataset's processor time; by the time it takes {Mean(beset).SlowerThan(Mean(alone)):F1} %"));
        Assert.That(loss, Is.LessThanOrEqualTo(5));
    }

    /// <returns>Its rate is that of datasets per second.</returns>
    private async Task<Window> DatasetAsync(string name, bool isBeset)
    {
        await using Besieged victim = await Besieged.StartAsync(Path.Combine(_home, name), Number("ADDRESSES", 1), "P2P_MINER_MEMORY=full");
        await using NodeProcess other = victim.StartOther(Path.Combine(_home, name));
        JsonElement status = await victim.Node.UntilAsync(now => now.GetProperty("dataset") is { ValueKind: JsonValueKind.Object });
        Hash256 key = Hash256.Parse(status.GetProperty("dataset").GetProperty("key").GetString()!);
        Siege siege = isBeset ? await victim.BesiegeAsync() : await victim.BesiegeOtherAsync(other);
        await victim.Node.UntilAsync(now => Progress(now) > 0.01);
        Window window = await victim.WatchAsync(
            () => victim.Node.UntilAsync(now => Progress(now) > 0.9), Progress, siege,
            isBeset ? (member, _, cancellation) => Attacks.ChunksAsync(member, key, cancellation) : Attacks.All["shares without work"]);
        TestContext.Progress.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {1 / window.Rate:F1} s; {window.Miner:F1} % of its CPU for the dataset, {window.Others:F1} % beside; {siege.Sent} messages under {siege.Names} names, {siege.Refusals} times refused"));
        return window;
    }

    /// <summary>0 before the first chunk is there.</summary>
    private static double Progress(JsonElement status)
    {
        JsonElement dataset = status.GetProperty("dataset");
        return dataset.GetProperty("localChunks").GetInt32() > 0 ? dataset.GetProperty("progress").GetDouble() : 0;
    }

    private static Window Mean(IReadOnlyList<Window> windows) =>
        new(windows.Average(window => window.Rate), windows.Average(window => window.Miner), windows.Average(window => window.Others));

    private static int Number(string name, int standard) => int.Parse(Setting(name, standard.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

    private static string Setting(string name, string standard) => Environment.GetEnvironmentVariable($"P2P_MINER_HOSTILE_{name}") ?? standard;
}
