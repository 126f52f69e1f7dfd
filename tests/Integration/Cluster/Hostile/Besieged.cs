using System.Diagnostics;
using System.Text.Json;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Configuration;
using P2PMiner.P2P.Addresses;

namespace P2PMiner.Integration.Tests.Cluster.Hostile;

/// <summary>
/// A node that hashes with one thread on the one CPU that it has, and whoever besieges it from another machine with another CPU: what his
/// attack takes of that CPU, is lost to the miner. Needs root, and two CPUs.
/// </summary>
internal sealed class Besieged : IAsyncDisposable
{
    private const int VictimCpu = 0, HostileCpu = 1;

    /// <summary>Of the other node that may be attacked.</summary>
    private const int OtherMachine = 2;

    /// <summary>Where honest members come from.</summary>
    private const int HonestAddress = 99;

    private readonly LocalNetwork _network;
    private readonly NodeProcess _node;

    private Besieged(LocalNetwork network, NodeProcess node, MachineTransport way, string cluster)
    {
        (_network, _node, Way, Cluster) = (network, node, way, cluster);
    }

    public string Cluster { get; }

    /// <summary>The victim.</summary>
    public NodeProcess Node => _node;

    /// <summary>How the hostile member gets there.</summary>
    public MachineTransport Way { get; }

    /// <param name="home">For the node's data; its name is that of the cluster.</param>
    /// <param name="addresses">That the hostile member's machine has.</param>
    /// <param name="environment">Of the node, each as NAME=VALUE.</param>
    public static async Task<Besieged> StartAsync(string home, int addresses, params string[] environment)
    {
        if (Environment.ProcessorCount < 2)
            Assert.Ignore("the victim and the hostile member need a CPU each");
        await PinAsync($"{HostileCpu}");
        LocalNetwork network = LocalNetwork.Create(3);
        string cluster = Path.GetFileName(home);
        NodeProcess node = Start(network, machine: 0, VictimCpu, Path.Combine(home, "victim"), environment, cluster, threads: 1);
        return new Besieged(network, node, new MachineTransport(network.Machines[1], network.AddAddresses(1, addresses)), cluster);
    }

    /// <summary>Where it listens.</summary>
    public Task<Multiaddr> AddressAsync() => AddressOfAsync(_node, machine: 0);

    /// <summary>Where the node of a machine listens for those of others.</summary>
    public static async Task<Multiaddr> AddressOfAsync(NodeProcess node, int machine)
    {
        JsonElement status = await node.UntilAsync(now => now.GetProperty("listen").GetArrayLength() > 0);
        return Multiaddr.Parse(status.GetProperty("listen").EnumerateArray().Select(text => text.GetString()!)
            .First(text => text.Contains($"/{LocalNetwork.AddressOf(machine)}/", StringComparison.Ordinal)));
    }

    /// <summary>
    /// Has it meet an honest member for a moment, as a node of a cluster has: the runtime compiles what it runs for the first time, and that is
    /// no attacker's doing.
    /// </summary>
    public async Task MeetAsync()
    {
        ClusterId id = ClusterId.Of(new NodeOptions { Cluster = Cluster });
        MachineTransport honest = WayFrom(HonestAddress);
        Multiaddr address = await AddressAsync();
        for (int i = 0; i < 3; i++)
        {
            await using HostileMember member = await HostileMember.JoinAsync(honest, address, id, CancellationToken.None)
                ?? throw new MachineException($"an honest member is not let in; {_node.Explain()}");
            await member.LearnAsync(Cluster, CancellationToken.None);
            await member.BeatAsync(CancellationToken.None);
        }
    }

    /// <summary>A way for somebody who has an address of his own.</summary>
    /// <param name="number">The last part of the address.</param>
    public MachineTransport WayFrom(int number) => new(_network.Machines[1], _network.AddAddress(1, number));

    /// <summary>Somebody who may attack it.</summary>
    public async Task<Siege> BesiegeAsync() => new(Way, await AddressAsync(), Cluster);

    /// <summary>A node of the same cluster that the victim does not know of: on the CPU of the hostile member, and without a miner.</summary>
    /// <param name="home">As for the victim.</param>
    public NodeProcess StartOther(string home) => Start(_network, OtherMachine, HostileCpu, Path.Combine(home, "other"), [], Cluster, threads: 0);

    /// <summary>Somebody who may attack that one.</summary>
    public async Task<Siege> BesiegeOtherAsync(NodeProcess other) => new(Way, await AddressOfAsync(other, OtherMachine), Cluster);

    /// <summary>Hashes that a node has made.</summary>
    public static double Hashes(JsonElement status) => status.GetProperty("totalHashes").GetDouble();

    /// <summary>What the victim does while something lasts, beginning with the first moment of an attack on it or on another.</summary>
    public async Task<Window> WatchAsync(
        Func<Task> span, Func<JsonElement, double> done, Siege siege, Func<HostileMember, string, CancellationToken, Task> kind)
    {
        using CancellationTokenSource end = new();
        Task<Window> window = WatchAsync(span, done);
        Task attack = siege.RunAsync(kind, end.Token);
        await window;
        await end.CancelAsync();
        await attack;
        return await window;
    }

    /// <summary>What it does while something lasts.</summary>
    /// <param name="span">Lasts so long.</param>
    /// <param name="done">What it has done until then.</param>
    public async Task<Window> WatchAsync(Func<Task> span, Func<JsonElement, double> done)
    {
        Reading before = await ReadAsync(done);
        await span();
        Reading after = await ReadAsync(done);
        double seconds = Stopwatch.GetElapsedTime(before.At, after.At).TotalSeconds;
        double miner = after.Miner - before.Miner;

        // A tick is a hundredth of a second, so that ticks per second are percent.
        return new Window((after.Done - before.Done) / seconds, miner / seconds, (after.All - before.All - miner) / seconds);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _network.Dispose();
        await PinAsync($"0-{Environment.ProcessorCount - 1}");
    }

    private static NodeProcess Start(LocalNetwork network, int machine, int cpu, string home, string[] environment, string cluster, int threads) =>
        NodeProcess.StartPlainOn(
            network.Machines[machine], ["taskset", "-c", $"{cpu}"], home, ["P2P_MINER_MEMORY=light", .. environment],
            "--cluster", cluster, "--threads", $"{threads}", "--no-mdns");

    private async Task<Reading> ReadAsync(Func<JsonElement, double> done)
    {
        double now = done(await _node.UntilAsync(_ => true));
        (double miner, double all) = _node.ProcessorTime();
        return new Reading(Stopwatch.GetTimestamp(), now, miner, all);
    }

    /// <summary>Binds all threads of this process to CPUs.</summary>
    private static async Task PinAsync(string cpus)
    {
        ProcessStartInfo start = new("taskset", ["-a", "-c", "-p", cpus, $"{Environment.ProcessId}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
    }

    private sealed record Reading(long At, double Done, double Miner, double All);
}

/// <param name="Rate">Hashes per second, or datasets.</param>
/// <param name="Miner">Percent of a CPU that the miner has, and what computes its dataset.</param>
/// <param name="Others">Percent of a CPU that all the rest of the process takes.</param>
internal sealed record Window(double Rate, double Miner, double Others)
{
    /// <summary>
    /// Percent of the rate that is lost against another window to the rest of the process, whatever other processes have of the CPU.
    /// </summary>
    public double LossAgainst(Window alone) => 100 * (1 - Part / alone.Part);

    /// <summary>Percent of the rate that is lost against another window, whoever takes it.</summary>
    public double SlowerThan(Window alone) => 100 * (1 - Rate / alone.Rate);

    private double Part => Miner / (Miner + Others);
}
