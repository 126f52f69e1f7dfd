using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using P2PMiner.P2P.Addresses;

namespace P2PMiner.P2P.Transport;

/// <summary>Turns wildcard addresses into those of this machine's interfaces.</summary>
internal static class ListenAddressResolver
{
    /// <summary>More would not fit into identify.</summary>
    private const int MaxAddresses = 32;

    /// <summary>
    /// The addresses under which a listener is found, the widest reach first. Link-local IPv6 is left out: without a zone nobody can dial it.
    /// </summary>
    internal static IReadOnlyList<Multiaddr> Resolve(IEnumerable<Multiaddr> listening, Func<IReadOnlyList<IPAddress>> ownAddresses)
    {
        List<Multiaddr> resolved = [];
        IReadOnlyList<IPAddress>? own = null;
        foreach (Multiaddr address in listening)
        {
            if (address.TcpEndPoint is not { } endPoint || !IsWildcard(endPoint.Address))
            {
                resolved.Add(address);
                continue;
            }
            own ??= ownAddresses();
            resolved.AddRange(own
                .Where(ip => ip.AddressFamily == endPoint.AddressFamily)
                .OrderByDescending(IpAddresses.Scope)
                .Select(ip => Multiaddr.FromTcp(new IPEndPoint(ip, endPoint.Port))));
        }
        return [.. resolved.Distinct().Take(MaxAddresses)];
    }

    internal static bool IsWildcard(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>The addresses of all interfaces that are up.</summary>
    internal static IReadOnlyList<IPAddress> OwnAddresses()
    {
        List<IPAddress> addresses = [];
        foreach (NetworkInterface nic in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (nic.OperationalStatus is not (OperationalStatus.Up or OperationalStatus.Unknown))
                continue;
            foreach (UnicastIPAddressInformation unicast in nic.GetIPProperties().UnicastAddresses)
            {
                if (!unicast.Address.IsIPv6LinkLocal && IpAddresses.Scope(unicast.Address) != IpScope.Unusable)
                    addresses.Add(unicast.Address.AddressFamily == AddressFamily.InterNetwork
                        ? unicast.Address
                        : new IPAddress(unicast.Address.GetAddressBytes()));
            }
        }
        return addresses;
    }
}
