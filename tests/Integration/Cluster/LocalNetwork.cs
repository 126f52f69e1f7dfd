using P2PMiner.P2P.Tests.Mdns;
using static P2PMiner.P2P.Tests.Mdns.NetworkNamespace;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>Machines with addresses of their own on one switch: network namespaces around a bridge. Needs root and the tool ip.</summary>
internal sealed class LocalNetwork : IDisposable
{
    private readonly NetworkNamespace _switch;
    private readonly List<NetworkNamespace> _machines = [];

    private LocalNetwork(NetworkNamespace hub) => _switch = hub;

    public IReadOnlyList<NetworkNamespace> Machines => _machines;

    /// <summary>Ignores the test where there can be no namespaces.</summary>
    public static LocalNetwork Create(int machines)
    {
        string suffix = $"{Environment.ProcessId:x}{Random.Shared.Next(0x1000):x}";
        if (TryCreate($"p2ps{suffix}", out string reason) is not NetworkNamespace hub)
        {
            Assert.Ignore(reason);
            throw new InvalidOperationException(reason);
        }
        LocalNetwork network = new(hub);
        Ip("-n", hub.Name, "link", "add", "bridge", "type", "bridge");
        Ip("-n", hub.Name, "link", "set", "bridge", "up");
        for (int number = 1; number <= machines; number++)
            network.Add($"p2p{number}{suffix}", number);
        return network;
    }

    public static string AddressOf(int machine) => $"192.168.77.{machine + 1}";

    /// <summary>Pulls a machine's cable, or plugs it in again.</summary>
    public void SetCable(int machine, bool isIn) =>
        Ip("-n", _switch.Name, "link", "set", $"port{machine + 1}", isIn ? "up" : "down");

    public void Dispose()
    {
        foreach (NetworkNamespace machine in _machines)
            machine.Dispose();
        _switch.Dispose();
    }

    private void Add(string name, int number)
    {
        NetworkNamespace machine = TryCreate(name, out string reason) ?? throw new InvalidOperationException(reason);
        _machines.Add(machine);
        Ip("-n", machine.Name, "link", "add", "eth0", "type", "veth", "peer", "name", $"port{number}", "netns", _switch.Name);
        Ip("-n", _switch.Name, "link", "set", $"port{number}", "master", "bridge", "up");
        Ip("-n", machine.Name, "link", "set", "lo", "up");
        Ip("-n", machine.Name, "address", "add", $"{AddressOf(number - 1)}/24", "dev", "eth0");
        Ip("-n", machine.Name, "link", "set", "eth0", "up");
    }
}
