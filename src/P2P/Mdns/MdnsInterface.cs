using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace P2PMiner.P2P.Mdns;

/// <summary>A place to join the multicast group: one address family of one network interface.</summary>
/// <param name="Index">The system's number of the interface.</param>
/// <param name="Name">For the log.</param>
/// <param name="IsLoopback">Reaches this machine only.</param>
/// <param name="Address">The interface's own address that packets are sent from; decides the address family.</param>
internal sealed record MdnsInterface(int Index, string Name, bool IsLoopback, IPAddress Address);

/// <param name="Interfaces">Where to join.</param>
/// <param name="OwnAddresses">All addresses of this machine, to recognise packets that come from it.</param>
internal sealed record MdnsSurroundings(IReadOnlyList<MdnsInterface> Interfaces, IReadOnlySet<IPAddress> OwnAddresses)
{
    /// <summary>More interfaces than that, as container hosts have them, are left alone.</summary>
    public const int MaxInterfaces = 64;

    /// <summary>The interfaces of this machine that are up and can do multicast; of loopback it is not asked.</summary>
    public static MdnsSurroundings Look(bool loopbackOnly)
    {
        List<MdnsInterface> found = [];
        HashSet<IPAddress> own = [IPAddress.Loopback, IPAddress.IPv6Loopback];
        foreach (NetworkInterface network in NetworkInterface.GetAllNetworkInterfaces())
        {
            bool isLoopback = network.NetworkInterfaceType == NetworkInterfaceType.Loopback;
            if (!isLoopback && (loopbackOnly || !IsUsable(network)))
                continue;
            IPInterfaceProperties properties = network.GetIPProperties();
            List<IPAddress> addresses = [.. properties.UnicastAddresses.Select(entry => entry.Address)];
            own.UnionWith(addresses.Select(WithoutScope));
            if (IPv4(network, properties, addresses, isLoopback) is MdnsInterface v4)
                found.Add(v4);
            if (!isLoopback && IPv6(network, properties, addresses) is MdnsInterface v6)
                found.Add(v6);
        }
        return new MdnsSurroundings([.. found.Take(MaxInterfaces)], own);
    }

    public static IPAddress WithoutScope(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes())
        : address;

    private static bool IsUsable(NetworkInterface network) =>
        network.SupportsMulticast && network.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown;

    private static MdnsInterface? IPv4(
        NetworkInterface network, IPInterfaceProperties properties, List<IPAddress> addresses, bool isLoopback)
    {
        IPAddress? address = addresses.Find(candidate => candidate.AddressFamily == AddressFamily.InterNetwork);
        return address is null || !network.Supports(NetworkInterfaceComponent.IPv4)
            ? null
            : new MdnsInterface(properties.GetIPv4Properties().Index, network.Name, isLoopback, address);
    }

    /// <summary>The scope of ff02::fb is the link, and so is that of the address packets come from.</summary>
    private static MdnsInterface? IPv6(NetworkInterface network, IPInterfaceProperties properties, List<IPAddress> addresses)
    {
        IPAddress? address = addresses.Find(candidate => candidate.IsIPv6LinkLocal);
        return address is null || !network.Supports(NetworkInterfaceComponent.IPv6)
            ? null
            : new MdnsInterface(properties.GetIPv6Properties().Index, network.Name, false, address);
    }
}
