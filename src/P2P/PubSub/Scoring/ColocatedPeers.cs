using System.Net;
using System.Net.Sockets;

namespace P2PMiner.P2P.PubSub.Scoring;

/// <summary>The peers of one address, for P6 (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "The Score Function").</summary>
internal sealed class ColocatedPeers(IPAddress address)
{
    private const int Ipv6PrefixBytes = 8;

    /// <summary>The address; for IPv6 its /64, which is what one host gets.</summary>
    internal IPAddress Address { get; } = address;

    internal int Count { get; set; }

    internal static IPAddress Group(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(Ipv6PrefixBytes).Clear();
        return new IPAddress(bytes);
    }
}
