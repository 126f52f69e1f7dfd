using System.Net;
using System.Net.Sockets;

namespace P2PMiner.P2P.Transport;

/// <summary>What IP addresses tell of themselves (IANA special-purpose address registries, RFC 6890).</summary>
public static class IpAddresses
{
    private static readonly IPNetwork[] PrivateNetworks = Networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");

    private static readonly IPNetwork[] LinkLocalNetworks = Networks("169.254.0.0/16", "fe80::/10");

    private static readonly IPNetwork[] UnusableNetworks = Networks(
        "0.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "::/128", "100::/64", "2001:db8::/32", "ff00::/8");

    /// <summary>IPv6 hosts own whole /64 networks, so that limits per address count these as one.</summary>
    private const int Ipv6HostPrefix = 64;

    private const int Ipv4GroupPrefix = 16;
    private const int Ipv6GroupPrefix = 32;

    public static IpScope Scope(IPAddress address)
    {
        IPAddress plain = Plain(address);
        if (IPAddress.IsLoopback(plain))
            return IpScope.Loopback;
        if (IsIn(PrivateNetworks, plain))
            return IpScope.Private;
        if (IsIn(LinkLocalNetworks, plain))
            return IpScope.LinkLocal;
        return IsIn(UnusableNetworks, plain) ? IpScope.Unusable : IpScope.Public;
    }

    /// <summary>What limits per host count as one host: an IPv4 address, or the /64 of an IPv6 address.</summary>
    public static IPAddress Host(IPAddress address)
    {
        IPAddress plain = Plain(address);
        return plain.AddressFamily == AddressFamily.InterNetworkV6 ? Masked(plain, Ipv6HostPrefix) : plain;
    }

    /// <summary>What is likely to be in one hand: the /16 of an IPv4 address, the /32 of an IPv6 address.</summary>
    public static IPAddress Group(IPAddress address)
    {
        IPAddress plain = Plain(address);
        return Masked(plain, plain.AddressFamily == AddressFamily.InterNetworkV6 ? Ipv6GroupPrefix : Ipv4GroupPrefix);
    }

    private static IPAddress Plain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0
            ? new IPAddress(address.GetAddressBytes())
            : address;
    }

    private static IPAddress Masked(IPAddress address, int prefix)
    {
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(prefix / 8).Clear();
        return new IPAddress(bytes);
    }

    private static IPNetwork[] Networks(params ReadOnlySpan<string> texts)
    {
        var networks = new IPNetwork[texts.Length];
        for (int i = 0; i < texts.Length; i++)
            networks[i] = IPNetwork.Parse(texts[i]);
        return networks;
    }

    private static bool IsIn(IPNetwork[] networks, IPAddress address)
    {
        foreach (IPNetwork network in networks)
        {
            if (network.Contains(address))
                return true;
        }
        return false;
    }
}
