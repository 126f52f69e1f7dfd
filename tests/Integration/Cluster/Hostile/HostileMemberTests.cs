using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Configuration;
using P2PMiner.P2P.Addresses;

namespace P2PMiner.Integration.Tests.Cluster.Hostile;

/// <summary>What one member who means harm costs the others.</summary>
[Category("Node")]
internal sealed class HostileMemberTests
{
    private string _home = "";

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("p2p-miner-hostile-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    /// <summary>
    /// What counts is the processor time that the victim spends on anything but mining, less what it spends without the attack: so much of
    /// one core is lost, whatever else runs on the machine.
    /// </summary>
    [Test]
    [Explicit("a measurement that takes a minute; P2P_MINER_HOSTILE_SECONDS is the length of each part of it")]
    public async Task HostileMember_UnderOneNameAfterTheOther_CostsLittle()
    {
        TimeSpan span = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("P2P_MINER_HOSTILE_SECONDS") ?? "20", CultureInfo.InvariantCulture));
        string cluster = Path.GetFileName(_home);
        await using NodeProcess victim = NodeProcess.Start(Path.Combine(_home, "victim"), "--cluster", cluster, "--threads", "1", "--no-mdns", "--port", "0");
        JsonElement status = await victim.UntilAsync(now => Fleet.Height(now) > 1);
        Multiaddr address = Multiaddr.Parse(status.GetProperty("listen").EnumerateArray().Select(text => text.GetString()!).First(text => text.Contains("/ip4/127.", StringComparison.Ordinal)));
        ClusterId id = ClusterId.Of(new NodeOptions { Cluster = cluster });
        List<string> dear = [];
        await CostAsync(victim, span, _ => Task.CompletedTask);
        foreach ((string name, Func<HostileMember, string, CancellationToken, Task> attack) in Attacks.All)
        {
            (_, double alone) = await CostAsync(victim, span, _ => Task.CompletedTask);
            int names = 0;
            int sent = 0;
            (double miner, double beset) = await CostAsync(victim, span, async stop =>
            {
                while (!stop.IsCancellationRequested)
                {
                    await using HostileMember? member = await HostileMember.JoinAsync(address, id, stop);
                    if (member is null)
                        continue;
                    names++;
                    await RunAsync(attack, member, cluster, stop);
                    sent += member.Sent;
                }
            });
            string line = string.Create(CultureInfo.InvariantCulture,
                $"{name}: {beset - alone:F1} % of a core, beside {alone:F1} % without, while the miner has {miner:F0} %; {sent} messages under {names} names in {span.TotalSeconds:F0} s");
            TestContext.Progress.WriteLine(line);
            if (beset - alone > 5)
                dear.Add(line);
        }
        Assert.That(dear, Is.Empty);
    }

    private static async Task RunAsync(Func<HostileMember, string, CancellationToken, Task> attack, HostileMember member, string cluster, CancellationToken stop)
    {
        try
        {
            await attack(member, cluster, stop);
        }
        catch (Exception error) when (error is IOException or TimeoutException or OperationCanceledException)
        {
            // He was cut off in the middle of it, or the time is over.
        }
    }

    /// <summary>Percent of a core that a node's miner has, and all the rest of it, over a span in which something is done to it.</summary>
    private static async Task<(double Miner, double Others)> CostAsync(NodeProcess node, TimeSpan span, Func<CancellationToken, Task> disturb)
    {
        (double Miner, double All) before = node.ProcessorTime();
        long start = Stopwatch.GetTimestamp();
        using CancellationTokenSource stop = new(span);
        try
        {
            await Task.WhenAll(disturb(stop.Token), Task.Delay(Timeout.Infinite, stop.Token));
        }
        catch (OperationCanceledException)
        {
            // The span is over.
        }
        (double Miner, double All) after = node.ProcessorTime();

        // A tick is a hundredth of a second, so that ticks per second are percent.
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double miner = after.Miner - before.Miner;
        return (miner / seconds, (after.All - before.All - miner) / seconds);
    }
}
