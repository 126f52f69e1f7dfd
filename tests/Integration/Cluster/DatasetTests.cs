using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.Mining.RandomX.Files;
using P2PMiner.P2P.Tests.Mdns;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>Datasets of full size that travel between machines of one network.</summary>
[Category("Node")]
internal sealed partial class DatasetTests
{
    /// <summary>
    /// What of one CPU the slow machine has for everything that it does. With AVX-512 half a CPU would be no slow machine: it computes
    /// more than the line brings, and a fifth of one more than half of what two hosts send, at 64 MiB per second each.
    /// </summary>
    private const int SlowPercent = 50, SlowPercentWithAvx512 = 10;

    /// <summary>Of the time that the slow machine takes alone, how much it may take with two hosts.</summary>
    private const double MostWithHosts = 0.6;

    /// <summary>For what the slow machine has in huge pages: dataset, caches of both engines, scratchpads; in MiB.</summary>
    private const int SlowMegabytes = 3000;

    private string _home = "";

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("p2p-miner-dataset-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [Test]
    public async Task Machine_GetsAPartOfItsDatasetFromTheHost_AndHostsItInTurn()
    {
        using LocalNetwork network = LocalNetwork.Create(2);
        await using NodeProcess host = NodeProcess.StartOn(
            network.Machines[0], Home("host"), "--mode", "master", "--memory", "full", "--threads", "0", "--upload-limit", "off");
        await ReadyAsync(host);
        await using NodeProcess other = NodeProcess.StartOn(network.Machines[1], Home("other"), "--memory", "full");
        JsonElement status = await ReadyAsync(other);
        Assert.That(Chunks(status, "localChunks") + Chunks(status, "remoteChunks"), Is.EqualTo(2080));
        Assert.That(Chunks(status, "remoteChunks"), Is.Positive);
        Assert.That(status.GetProperty("role").GetString(), Is.EqualTo("dataset host, worker"));
        await other.UntilAsync(now => now.GetProperty("memory").GetString() == "full");
        Assert.That(host.Output.Concat(other.Output).Any(line => line.Contains("shut out", StringComparison.Ordinal)), Is.False);
    }

    /// <summary>
    /// Slow machines have a part of a CPU: one of today, one without AVX-512, one without AVX2 as well, and one that uses librandomx. Liars
    /// are caught at the first chunk, or only after chunks of them were taken: right ones, and such as have 8 wrong items, which are found
    /// in 22 % of all cases.
    /// </summary>
    [TestCase(SlowPercentWithAvx512, 64, 0)]
    [TestCase(SlowPercent, 2048, 128, "DOTNET_EnableAVX512=0")]
    [TestCase(SlowPercent, 64, 0, "DOTNET_EnableAVX2=0")]
    [TestCase(SlowPercent, 2048, 128, "P2P_MINER_ENGINE=native")]
    [Explicit("takes minutes, 9 GiB of memory and 3 GiB of disk, and is meant to be measured on a machine that does nothing else")]
    public async Task SlowMachine_WithTwoHosts_IsReadyInTime_AlsoWhenOneOfThemLies(int percent, int oneWrongIn, int rightChunks, params string[] environment)
    {
        string dataset = Path.Combine(_home, "dataset");
        string[] hosting = ["--mode", "master", "--memory", "full", "--threads", "0", "--engine", "native", "--pages", "thp", "--dataset-cache"];
        using LocalNetwork network = LocalNetwork.Create(3);
        foreach (NetworkNamespace machine in network.Machines)
            NetworkNamespace.Ip("netns", "exec", machine.Name, "tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "1gbit", "burst", "256kb", "latency", "50ms");
        using ReservedPages pages = ReservedPages.Create(SlowMegabytes);
        using CpuQuota slow = CpuQuota.Create(percent);

        NodeOutcome alone = await SlowAsync(network.Machines[2], slow, environment, "alone");
        await using NodeProcess first = NodeProcess.StartOn(network.Machines[0], Home("first"), [.. hosting, dataset]);
        await ReadyAsync(first);
        await Wait.UntilAsync(() => Task.FromResult(Directory.Exists(dataset) && Directory.GetFiles(dataset, "*.dataset").Length == 1), first.Explain);
        string genuine = Directory.GetFiles(dataset, "*.dataset").Single();
        using SafeFileHandle file = File.OpenHandle(genuine);
        string truth = DatasetMemory.DigestOf(file, DatasetFileHeader.OffsetOf(0));
        Assert.That(alone.Dataset, Is.EqualTo(truth), "of the dataset that librandomx makes");
        NodeOutcome together;
        await using (NodeProcess second = NodeProcess.StartOn(network.Machines[1], Home("second"), [.. hosting, dataset]))
        {
            await ReadyAsync(second);
            together = await SlowAsync(network.Machines[2], slow, environment, "together");
            Assert.That(together.ShutOut, Is.Empty);
            Assert.That(together.Dataset, Is.EqualTo(truth));
        }
        NodeOutcome beset;
        await using (NodeProcess liar = NodeProcess.StartOn(network.Machines[1], Home("liar"), [.. hosting, dataset]))
        {
            string id = (await ReadyAsync(liar)).GetProperty("peerId").GetString()!;
            FalseDataset.Make(liar.Id, oneWrongIn, rightChunks);
            beset = await SlowAsync(network.Machines[2], slow, environment, "beset");
            Assert.That(beset.ShutOut, Has.Count.EqualTo(1));
            Assert.That(beset.ShutOut.Single(), Does.Contain(id));
            Assert.That(beset.Dataset, Is.EqualTo(truth));
            Assert.That(rightChunks == 0 || beset.Brought(id) > 1, Is.True, "the liar is believed at first");
        }
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{percent} % of a CPU {string.Join(' ', environment)}: dataset alone {alone.Seconds:F1} s, with two hosts {together.Seconds:F1} s ({together.Seconds / alone.Seconds:F2}), with one of them lying {beset.Seconds:F1} s ({beset.Seconds / alone.Seconds:F2})"));
        Assert.That(together.Seconds / alone.Seconds, Is.LessThanOrEqualTo(MostWithHosts));

        // Half of the hosts is left, which sends 64 MiB per second at most, and what the liar sent is had again.
        Assert.That(beset.Seconds / alone.Seconds, Is.LessThanOrEqualTo(1));
    }

    /// <summary>Runs the slow machine until its dataset is ready and shares were found with it.</summary>
    private async Task<NodeOutcome> SlowAsync(NetworkNamespace machine, CpuQuota quota, string[] environment, string name)
    {
        quota.Hold();
        await using NodeProcess node = NodeProcess.StartOn(
            machine, quota, environment, Home(name), "--memory", "full", "--threads", "2", "--dataset-cache", "off");
        await NearlyReadyAsync(node);
        await Wait.UntilAsync(() => Task.FromResult(node.Output.Any(IsBuilt)), node.Explain);
        quota.Lift();
        JsonElement status = await ReadyAsync(node);
        long before = status.GetProperty("shares").GetProperty("accepted").GetInt64();
        await node.UntilAsync(now => now.GetProperty("memory").GetString() == "full" && now.GetProperty("shares").GetProperty("accepted").GetInt64() > before + 3);
        string line = node.Output.Single(IsBuilt);
        TestContext.Out.WriteLine($"{name}: {line}");
        Assert.That(node.Output.Where(text => text.Contains("wrong hash", StringComparison.Ordinal)), Is.Empty);
        return new NodeOutcome(double.Parse(BuiltIn().Match(line).Groups[1].Value, CultureInfo.InvariantCulture), DatasetMemory.DigestOf(node.Id), node.Output);
    }

    private static bool IsBuilt(string line) =>
        line.Contains("RandomX dataset for key", StringComparison.Ordinal) && line.Contains(" built in ", StringComparison.Ordinal);

    private static async Task<JsonElement> ReadyAsync(NodeProcess node)
    {
        await NearlyReadyAsync(node);
        return await node.UntilAsync(status => status.GetProperty("dataset").GetProperty("state").GetString() == "ready");
    }

    /// <summary>Waits for a dataset in steps, each of which may take long. Before the first chunk all is done of what is to be done so far, which is nothing.</summary>
    private static async Task NearlyReadyAsync(NodeProcess node)
    {
        for (double step = 0.05; step < 1; step += 0.05)
        {
            await node.UntilAsync(status => status.GetProperty("dataset") is { ValueKind: JsonValueKind.Object } dataset
                && dataset.GetProperty("progress").GetDouble() is double progress && progress >= step
                && (progress < 1 || dataset.GetProperty("state").GetString() == "ready"));
        }
    }

    private string Home(string name) => Path.Combine(_home, name);

    private static int Chunks(JsonElement status, string name) => status.GetProperty("dataset").GetProperty(name).GetInt32();

    [GeneratedRegex(@" built in ([0-9.]+) s")]
    private static partial Regex BuiltIn();

    [GeneratedRegex(@"Dataset: ([0-9]+) MiB from (\S+),")]
    private static partial Regex From();

    /// <param name="Seconds">That its dataset took.</param>
    /// <param name="Dataset">Digest of it.</param>
    /// <param name="Output">What it said.</param>
    private sealed record NodeOutcome(double Seconds, string Dataset, IReadOnlyList<string> Output)
    {
        public IReadOnlyList<string> ShutOut => [.. Output.Where(text => text.Contains("shut out", StringComparison.Ordinal))];

        /// <summary>Chunks of another node that were taken, if only at first.</summary>
        public int Brought(string peer) => Output.Select(text => From().Match(text))
            .Where(match => match.Success && match.Groups[2].Value == peer).Sum(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
    }
}
