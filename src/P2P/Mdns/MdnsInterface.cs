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
/// <param name="Networks">The networks of both families that are on the link of an interface, as its addresses tell.</param>
internal sealed record MdnsSurroundings(
    IReadOnlyList<MdnsInterface> Interfaces,
    IReadOnlySet<IPAddress> OwnAddresses,
    IReadOnlyDictionary<MdnsInterface, IReadOnlyList<IPNetwork>> Networks)
{
    /// <summary>More interfaces than that, as container hosts have them, are left alone.</summary>
    public const int MaxInterfaces = 64;

    // Shorter prefixes than any link has would let strangers name half of the internet.
    private const int MinPrefixV4 = 8;
    private const int MinPrefixV6 = 32;

    /// <summary>The interfaces of this machine that are up and can do multicast; of loopback it is not asked.</summary>
    public static MdnsSurroundings Look(bool loopbackOnly)
    {
        List<MdnsInterface> found = [];
        HashSet<IPAddress> own = [IPAddress.Loopback, IPAddress.IPv6Loopback];
        Dictionary<MdnsInterface, IReadOnlyList<IPNetwork>> networks = [];
        foreach (NetworkInterface network in NetworkInterface.GetAllNetworkInterfaces())
        {
            bool isLoopback = network.NetworkInterfaceType == NetworkInterfaceType.Loopback;
            if (!isLoopback && (loopbackOnly || !IsUsable(network)))
                continue;
            IPInterfaceProperties properties = network.GetIPProperties();
            List<IPAddress> addresses = [.. properties.UnicastAddresses.Select(entry => entry.Address)];
            own.UnionWith(addresses.Select(WithoutScope));
            IReadOnlyList<IPNetwork> onLink = [.. properties.UnicastAddresses.Select(NetworkOf).OfType<IPNetwork>()];
            if (IPv4(network, properties, addresses, isLoopback) is MdnsInterface v4)
                Add(v4);
            if (!isLoopback && IPv6(network, properties, addresses) is MdnsInterface v6)
                Add(v6);

            void Add(MdnsInterface place)
            {
                found.Add(place);
                networks[place] = onLink;
            }
        }
        return new MdnsSurroundings([.. found.Take(MaxInterfaces)], own, networks);
    }

    /// <summary>True if an address is within a network of the interface's link.</summary>
    public bool IsOnLink(MdnsInterface place, IPAddress address) =>
        Networks.TryGetValue(place, out IReadOnlyList<IPNetwork>? networks) && networks.Any(network => network.Contains(WithoutScope(address)));

    /// <summary>The network that an address of an interface is in, or null if it is none of a link.</summary>
    public static IPNetwork? NetworkOf(IPAddress address, int prefix)
    {
        byte[] bytes = WithoutScope(address).GetAddressBytes();
        int bits = 8 * bytes.Length;
        if (prefix > bits || prefix < (bits == 32 ? MinPrefixV4 : MinPrefixV6))
            return null;
        for (int bit = prefix; bit < bits; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), prefix);
    }

    private static IPNetwork? NetworkOf(UnicastIPAddressInformation entry) => NetworkOf(entry.Address, entry.PrefixLength);

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
