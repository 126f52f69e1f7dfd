using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using P2PMiner.Integration.Tests.Cluster;

namespace P2PMiner.Integration.Tests.Nodes;

/// <summary>A node that may have so much memory and no more, as in a container. Needs root.</summary>
[Category("Node")]
public sealed partial class MemoryLimitTests
{
    /// <summary>
    /// For most of the dataset and not for all of it: with half of it, whether hashing with it is faster is a matter of the machine.
    /// </summary>
    private const int LimitMebibytes = 2600;

    /// <summary>Light mode takes two caches of 256 MiB.</summary>
    private const int TooSmallMebibytes = 400;

    private const int DatasetMebibytes = 2080;

    /// <summary>Shares that must be found and accepted with what is held.</summary>
    private const long Shares = 4;

    private string _data = "";
    private MemoryLimit _limit = null!;

    [SetUp]
    public void MakeLimit()
    {
        bool isSmall = TestContext.CurrentContext.Test.MethodName
            is nameof(Node_TooSmallEvenForLightMode_Relays_AndSaysSo) or nameof(Master_WithoutMemoryForTheDataset_IsRefusedInOneLine_WithTheNumbers);
        if (MemoryLimit.TryCreate(isSmall ? TooSmallMebibytes : LimitMebibytes) is not MemoryLimit limit)
        {
            Assert.Ignore("no control group can be made here");
            return;
        }
        _limit = limit;
        _data = Directory.CreateTempSubdirectory("p2p-miner-memory-").FullName;
    }

    [TearDown]
    public async Task RemoveLimit()
    {
        if (_data.Length == 0)
            return;

        // Processes that were killed leave their group a moment later.
        await Wait.UntilAsync(() => Task.FromResult(_limit.IsEmpty), () => "processes are left in the control group");
        _limit.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    [Test]
    public async Task Node_WithinALimit_HoldsThePartThatFits_AndHashesWithIt()
    {
        await using NodeProcess node = Start();
        await MinesWithAPartAsync(node);
        Assert.That(node.Output.Single(line => line.Contains("Memory: ", StringComparison.Ordinal)), Does.Contain("hybrid mode: "));
        Assert.That(_limit.TimesMet, Is.Zero, node.Explain());
    }

    [Test]
    [Explicit("lasts as long as a reason to give memory back or to take it has to last, about two minutes")]
    public async Task Node_WithinALimit_GivesItsPartBack_WhenAnotherProgramNeedsTheMemory_AndTakesItAgain()
    {
        const long LeftBytes = 64 << 20;
        const long FreedBytes = 1 << 30;
        await using NodeProcess node = Start();
        await MinesWithAPartAsync(node);
        using (Process hungry = Occupy(_limit.AvailableBytes - LeftBytes))
        {
            try
            {
                await node.UntilAsync(status => status.GetProperty("memory").GetString() == "light");
                Assert.That(node.Output, Has.Some.Contain("other programs need the memory"));
                await Wait.UntilAsync(() => Task.FromResult(_limit.AvailableBytes > FreedBytes), () => $"{_limit.AvailableBytes} bytes are free; {node.Explain()}");
            }
            finally
            {
                hungry.Kill(entireProcessTree: true);
                await hungry.WaitForExitAsync();
            }
        }
        await MinesWithAPartAsync(node);
        Assert.That(_limit.TimesMet, Is.Zero, node.Explain());
    }

    [Test]
    public async Task Node_TooSmallEvenForLightMode_Relays_AndSaysSo()
    {
        await using NodeProcess other = NodeProcess.Start(Path.Combine(_data, "other"), [.. Cluster, "--threads", "1"]);
        JsonElement status = await other.UntilAsync(now => now.GetProperty("listen").GetArrayLength() > 0);
        await using NodeProcess small = NodeProcess.StartWithin(
            _limit.Command, Path.Combine(_data, "small"), [.. Cluster, "--memory", "auto", "--connect", status.GetProperty("listen")[0].GetString()!]);
        status = await small.UntilAsync(now => Fleet.Peers(now) == 1);
        Assert.That(status.GetProperty("role").GetString(), Is.EqualTo("relay"));
        Assert.That(small.Output, Has.Exactly(1).Contains("relay, because there is no room to hash"));
        await other.UntilAsync(now => Fleet.Peers(now) == 1 && Accepted(now) > 1);
        status = await small.UntilAsync(_ => true);
        Assert.That(status.GetProperty("totalHashes").GetInt64(), Is.Zero);
        Assert.That(_limit.TimesMet, Is.Zero, small.Explain());
    }

    [Test]
    public async Task Master_WithoutMemoryForTheDataset_IsRefusedInOneLine_WithTheNumbers()
    {
        await using NodeProcess master = NodeProcess.StartWithin(_limit.Command, _data, [.. Cluster, "--mode", "master", "--memory", "auto"]);
        int code = await master.ExitCodeAsync();
        string[] lines = [.. master.Output.Where(line => line.Contains("--mode master", StringComparison.Ordinal))];
        Assert.That(code, Is.Not.Zero, master.Explain());
        Assert.That(lines, Has.Length.EqualTo(1), master.Explain());
        Match numbers = NeededAndAvailable().Match(lines[0]);
        Assert.That(numbers.Success, Is.True, lines[0]);
        Assert.That(Mebibytes(numbers.Groups["needed"]), Is.GreaterThan(DatasetMebibytes));
        Assert.That(Mebibytes(numbers.Groups["available"]), Is.InRange(1, TooSmallMebibytes));
    }

    private string[] Cluster => ["--cluster", Path.GetFileName(_data), "--no-mdns", "--no-dht", "--listen", "/ip4/127.0.0.1/tcp/0"];

    private NodeProcess Start() => NodeProcess.StartWithin(_limit.Command, _data, "--memory", "auto", "--threads", "1", "--no-mdns", "--no-dht");

    private static async Task MinesWithAPartAsync(NodeProcess node)
    {
        JsonElement status = await node.UntilAsync(now => now.GetProperty("memory").GetString() == "hybrid");
        long before = Accepted(status);
        status = await node.UntilAsync(now => Accepted(now) >= before + Shares);
        Assert.That(status.GetProperty("memory").GetString(), Is.EqualTo("hybrid"));
        Assert.That(status.GetProperty("shares").GetProperty("rejected").GetInt64(), Is.Zero);
        Assert.That(node.Output, Has.None.Contain("wrong hash"));
    }

    [GeneratedRegex("take (?<needed>[0-9]+) MiB.* does not fit in the (?<available>[0-9]+) MiB available")]
    private static partial Regex NeededAndAvailable();

    private static int Mebibytes(Group number) => int.Parse(number.Value, CultureInfo.InvariantCulture);

    private static long Accepted(JsonElement status) => status.GetProperty("shares").GetProperty("accepted").GetInt64();

    /// <summary>A program that holds so much memory within the limit until it is killed.</summary>
    private Process Occupy(long bytes)
    {
        string script = $"{{ head -c {bytes} /dev/zero; exec sleep 1000; }} | tail -c {bytes}";
        IReadOnlyList<string> prefix = _limit.Command;
        return Process.Start(new ProcessStartInfo(prefix[0], [.. prefix.Skip(1), "sh", "-c", script]))!;
    }
}
