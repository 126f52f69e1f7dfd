using System.Net;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Dht.Routing;

/// <summary>Sorts addresses by how far they reach.</summary>
internal static class AddressFilter
{
    /// <summary>Those of a peer's addresses that are within a scope, without /p2p, each once.</summary>
    /// <param name="addresses">Addresses of <paramref name="owner"/>.</param>
    /// <param name="owner">Addresses that end in another peer's id are not its own and left out.</param>
    /// <param name="scope">The widest scope wanted.</param>
    /// <param name="limit">How many at most.</param>
    internal static IReadOnlyList<Multiaddr> Within(IpScope scope, IEnumerable<Multiaddr> addresses, PeerId owner, int limit)
    {
        List<Multiaddr> kept = [];
        foreach (Multiaddr address in addresses)
        {
            if (kept.Count == limit)
                break;
            if (ScopeOf(address) > scope || address.Peer is PeerId named && !named.Equals(owner))
                continue;
            Multiaddr bare = address.WithoutPeer();
            if (!kept.Contains(bare))
                kept.Add(bare);
        }
        return kept;
    }

    /// <summary>How far an address reaches; a name may lead anywhere.</summary>
    internal static IpScope ScopeOf(Multiaddr address) =>
        address.IPAddress is IPAddress ip ? IpAddresses.Scope(ip) : IpScope.Public;

    /// <summary>True if we could dial any of the addresses, as far as they tell.</summary>
    internal static bool AnyDialable(IReadOnlyList<Multiaddr> addresses) => addresses.Any(address => address.IsTcp || address.HasDns);

    /// <summary>
    /// What an address counts against in the table's limit per group; null for addresses that are not public, which cost nothing to have.
    /// </summary>
    internal static IPAddress? GroupOf(Multiaddr? address) =>
        address?.IPAddress is IPAddress ip && IpAddresses.Scope(ip) == IpScope.Public ? IpAddresses.Group(ip) : null;
}
