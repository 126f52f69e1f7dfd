using System.Security.Cryptography;
using P2PMiner.P2P.Tests.Mdns;
using static P2PMiner.P2P.Tests.Mdns.NetworkNamespace;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>Machines with addresses of their own on one switch: network namespaces around a bridge. Needs root and the tool ip.</summary>
internal sealed class LocalNetwork : IDisposable
{
    /// <summary>Beyond the machines' own.</summary>
    private const int FirstFurther = 100;

    private readonly NetworkNamespace _switch;
    private readonly List<NetworkNamespace> _machines = [];

    private LocalNetwork(NetworkNamespace hub) => _switch = hub;

    public IReadOnlyList<NetworkNamespace> Machines => _machines;

    /// <exception cref="MachineException">There can be no namespaces here; the message says why.</exception>
    public static LocalNetwork Create(int machines)
    {
        string suffix = $"{Environment.ProcessId:x}{RandomNumberGenerator.GetInt32(0x1000):x}";
        LocalNetwork network = new(Make($"p2ps{suffix}"));
        foreach (string bridge in new[] { "bridge", "other" })
        {
            Ip("-n", network._switch.Name, "link", "add", bridge, "type", "bridge");
            Ip("-n", network._switch.Name, "link", "set", bridge, "up");
        }
        for (int number = 1; number <= machines; number++)
            network.Add($"p2p{number}{suffix}", number);
        return network;
    }

    public static string AddressOf(int machine) => $"192.168.77.{machine + 1}";

    /// <summary>Gives a machine further addresses.</summary>
    /// <param name="machine">Which.</param>
    /// <param name="count">Of all that it has then.</param>
    /// <returns>All of them.</returns>
    public IReadOnlyList<string> AddAddresses(int machine, int count)
    {
        return [AddressOf(machine), .. Enumerable.Range(FirstFurther, count - 1).Select(number => AddAddress(machine, number)[0])];
    }

    /// <summary>Gives a machine one further address.</summary>
    /// <param name="machine">Which.</param>
    /// <param name="number">Its last part.</param>
    public IReadOnlyList<string> AddAddress(int machine, int number)
    {
        string address = $"192.168.77.{number}";
        Ip("-n", _machines[machine].Name, "address", "add", $"{address}/24", "dev", "eth0");
        return [address];
    }

    /// <summary>Pulls a machine's cable, or plugs it in again.</summary>
    public void SetCable(int machine, bool isIn) =>
        Ip("-n", _switch.Name, "link", "set", $"port{machine + 1}", isIn ? "up" : "down");

    /// <summary>Parts the machines from a number on from those before it, which do not notice but by silence; or joins them again.</summary>
    public void Part(int first, bool isParted)
    {
        string hub = isParted ? "other" : "bridge";
        for (int machine = first; machine < _machines.Count; machine++)
            Ip("-n", _switch.Name, "link", "set", $"port{machine + 1}", "master", hub);
    }

    /// <summary>Makes the way to a machine, and from it, slow: so many bits a second, of which those that would wait longer are lost.</summary>
    public void SlowDown(int machine, int kilobits, int milliseconds)
    {
        string[] limits = ["root", "tbf", "rate", $"{kilobits}kbit", "burst", "16kb", "latency", $"{milliseconds}ms"];
        Ip(["netns", "exec", _machines[machine].Name, "tc", "qdisc", "replace", "dev", "eth0", .. limits]);
        Ip(["netns", "exec", _switch.Name, "tc", "qdisc", "replace", "dev", $"port{machine + 1}", .. limits]);
    }

    public void Dispose()
    {
        foreach (NetworkNamespace machine in _machines)
            machine.Dispose();
        _switch.Dispose();
    }

    private static NetworkNamespace Make(string name) => TryCreate(name, out string reason) ?? throw new MachineException(reason);

    private void Add(string name, int number)
    {
        NetworkNamespace machine = Make(name);
        _machines.Add(machine);
        Ip("-n", machine.Name, "link", "add", "eth0", "type", "veth", "peer", "name", $"port{number}", "netns", _switch.Name);
        Ip("-n", _switch.Name, "link", "set", $"port{number}", "master", "bridge", "up");
        Ip("-n", machine.Name, "link", "set", "lo", "up");
        Ip("-n", machine.Name, "address", "add", $"{AddressOf(number - 1)}/24", "dev", "eth0");
        Ip("-n", machine.Name, "link", "set", "eth0", "up");
    }
}
