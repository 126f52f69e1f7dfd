using System.Net;
using System.Net.Sockets;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Network;

/// <summary>In which order the addresses of a peer are worth trying.</summary>
internal static class AddressOrder
{
    /// <summary>
    /// The nearest scope first, because what is near answers or refuses at once; within a scope IPv6 and IPv4 in turn
    /// (RFC 8305, section 4), else as given. What is no address of one machine is left out.
    /// </summary>
    internal static IReadOnlyList<Multiaddr> Sort(IEnumerable<Multiaddr> addresses)
    {
        List<Multiaddr> sorted = [];
        IEnumerable<IGrouping<IpScope, Multiaddr>> scopes = addresses
            .Distinct()
            .GroupBy(static address => ScopeOf(address.TcpEndPoint))
            .Where(static scope => scope.Key != IpScope.Unusable)
            .OrderBy(static scope => scope.Key);
        foreach (IGrouping<IpScope, Multiaddr> scope in scopes)
            Interleave(scope, sorted);
        return sorted;
    }

    private static IpScope ScopeOf(IPEndPoint? endPoint) => endPoint is null ? IpScope.Public : IpAddresses.Scope(endPoint.Address);

    private static void Interleave(IEnumerable<Multiaddr> addresses, List<Multiaddr> sorted)
    {
        ILookup<bool, Multiaddr> families = addresses.ToLookup(static address => address.TcpEndPoint?.AddressFamily == AddressFamily.InterNetworkV6);
        Multiaddr[] six = [.. families[true]];
        Multiaddr[] four = [.. families[false]];
        for (int i = 0; i < Math.Max(six.Length, four.Length); i++)
        {
            if (i < six.Length)
                sorted.Add(six[i]);
            if (i < four.Length)
                sorted.Add(four[i]);
        }
    }
}
