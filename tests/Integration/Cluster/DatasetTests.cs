using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.P2P.Tests.Mdns;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>Datasets of full size that travel between machines of one network.</summary>
[Category("Node")]
internal sealed partial class DatasetTests
{
    /// <summary>What of one CPU the slow machine has for everything that it does.</summary>
    private const int SlowPercent = 50;

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
    /// The slow machine has half a CPU: one of today, one without AVX-512, one without AVX2 as well, and one that uses librandomx.
    /// </summary>
    [TestCase]
    [TestCase("DOTNET_EnableAVX512=0")]
    [TestCase("DOTNET_EnableAVX2=0")]
    [TestCase("P2P_MINER_ENGINE=native")]
    [Explicit("takes minutes, 9 GiB of memory and 5 GiB of disk, and is meant to be measured on a machine that does nothing else")]
    public async Task SlowMachine_IsReadySooner_WithTwoHosts_AlsoWhenOneOfThemLies(params string[] environment)
    {
        string dataset = Path.Combine(_home, "dataset");
        string lies = Path.Combine(_home, "lies");
        string[] hosting = ["--mode", "master", "--memory", "full", "--threads", "0", "--engine", "native", "--dataset-cache"];
        using LocalNetwork network = LocalNetwork.Create(3);
        foreach (NetworkNamespace machine in network.Machines)
            NetworkNamespace.Ip("netns", "exec", machine.Name, "tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "1gbit", "burst", "256kb", "latency", "50ms");
        using CpuQuota slow = CpuQuota.Create(SlowPercent);

        (double alone, _) = await SlowAsync(network.Machines[2], slow, environment, "alone");
        await using NodeProcess first = NodeProcess.StartOn(network.Machines[0], Home("first"), [.. hosting, dataset]);
        await ReadyAsync(first);
        await Wait.UntilAsync(() => Task.FromResult(Directory.Exists(dataset) && Directory.GetFiles(dataset, "*.dataset").Length == 1), first.Explain);
        double together;
        await using (NodeProcess second = NodeProcess.StartOn(network.Machines[1], Home("second"), [.. hosting, dataset]))
        {
            await ReadyAsync(second);
            (together, NodeOutcome outcome) = await SlowAsync(network.Machines[2], slow, environment, "together");
            Assert.That(outcome.ShutOut, Is.Zero);
        }
        FalseDataset.Write(Directory.GetFiles(dataset, "*.dataset").Single(), lies);
        double beset;
        await using (NodeProcess liar = NodeProcess.StartOn(network.Machines[1], Home("liar"), [.. hosting, lies]))
        {
            await ReadyAsync(liar);
            (beset, NodeOutcome outcome) = await SlowAsync(network.Machines[2], slow, environment, "beset");
            Assert.That(outcome.ShutOut, Is.EqualTo(1));
            Assert.That(outcome.WrongHashes, Is.Zero);
        }
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{string.Join(' ', environment)}: dataset alone {alone:F1} s, with two hosts {together:F1} s ({together / alone:F2}), with one of them lying {beset:F1} s ({beset / alone:F2})"));
    }

    /// <summary>Runs the slow machine until its dataset is ready and a share was found with it; gives the seconds the dataset took.</summary>
    private async Task<(double Seconds, NodeOutcome Outcome)> SlowAsync(NetworkNamespace machine, CpuQuota quota, string[] environment, string name)
    {
        await using NodeProcess node = NodeProcess.StartOn(machine, quota, environment, Home(name), "--memory", "full", "--threads", "2");
        JsonElement status = await ReadyAsync(node);
        long before = status.GetProperty("shares").GetProperty("accepted").GetInt64();
        await node.UntilAsync(now => now.GetProperty("memory").GetString() == "full" && now.GetProperty("shares").GetProperty("accepted").GetInt64() > before + 3);
        string line = node.Output.Single(text => text.Contains("RandomX dataset for key", StringComparison.Ordinal) && text.Contains(" built in ", StringComparison.Ordinal));
        TestContext.Out.WriteLine($"{name}: {line}");
        return (double.Parse(BuiltIn().Match(line).Groups[1].Value, CultureInfo.InvariantCulture), new NodeOutcome(
            node.Output.Count(text => text.Contains("shut out", StringComparison.Ordinal)),
            node.Output.Count(text => text.Contains("wrong hash", StringComparison.Ordinal))));
    }

    /// <summary>Waits for a dataset in steps, each of which may take long.</summary>
    private static async Task<JsonElement> ReadyAsync(NodeProcess node)
    {
        for (double step = 0.05; step < 1; step += 0.05)
            await node.UntilAsync(status => status.GetProperty("dataset") is { ValueKind: JsonValueKind.Object } dataset && dataset.GetProperty("progress").GetDouble() >= step);
        return await node.UntilAsync(status => status.GetProperty("dataset").GetProperty("state").GetString() == "ready");
    }

    private string Home(string name) => Path.Combine(_home, name);

    private static int Chunks(JsonElement status, string name) => status.GetProperty("dataset").GetProperty(name).GetInt32();

    [GeneratedRegex(@" built in ([0-9.]+) s")]
    private static partial Regex BuiltIn();

    private sealed record NodeOutcome(int ShutOut, int WrongHashes);
}
