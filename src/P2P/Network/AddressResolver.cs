using System.Net;
using System.Net.Sockets;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>Asks for the IP addresses of a name; <see cref="AddressFamily.Unspecified"/> means both kinds.</summary>
internal delegate Task<IPAddress[]> NameLookup(string name, AddressFamily family, CancellationToken cancellation);

/// <summary>Turns names in addresses into IP addresses with the system's resolver (libp2p/specs, addressing/README.md, "dns").</summary>
/// <param name="lookup">Asks for a name.</param>
/// <param name="filter">Names for which it is false are not asked for; null: all may be.</param>
internal sealed class AddressResolver(NameLookup lookup, Func<string, bool>? filter = null)
{
    /// <summary>Answers used per name.</summary>
    private const int MaxAnswers = 16;

    /// <summary>Names looked up per dial.</summary>
    private const int MaxNames = 8;

    internal AddressResolver(Func<string, bool>? filter)
        : this(Dns.GetHostAddressesAsync, filter)
    {
    }

    /// <summary>
    /// The addresses without /p2p, names replaced by what they stand for. Addresses of another peer than <paramref name="peer"/> are left out,
    /// as is a name that has no answer if any other address remains.
    /// </summary>
    /// <exception cref="DialException">Nothing is left; the message says why for each name.</exception>
    internal async Task<IReadOnlyList<Multiaddr>> ResolveAsync(IReadOnlyList<Multiaddr> addresses, PeerId? peer, CancellationToken cancellation)
    {
        List<Multiaddr> resolved = [];
        List<string> failures = [];
        int names = 0;
        foreach (Multiaddr address in addresses)
        {
            Multiaddr plain = address.WithoutPeer();
            if (peer is not null && address.Peer is { } other && !other.Equals(peer))
                failures.Add($"{address} is of another peer");
            else if (!plain.HasDns)
                resolved.Add(plain);
            else if (++names <= MaxNames)
                await LookUpAsync(plain, resolved, failures, cancellation).ConfigureAwait(false);
        }
        return resolved.Count > 0 ? resolved : throw new DialException($"no address to dial: {string.Join("; ", failures)}");
    }

    private async Task LookUpAsync(Multiaddr address, List<Multiaddr> resolved, List<string> failures, CancellationToken cancellation)
    {
        if (!address.IsTcp || FamilyOf(address) is not { } family)
        {
            failures.Add($"{address}: names of this kind cannot be looked up here, use dns4, dns6 or dns with a TCP port");
            return;
        }
        if (filter is not null && !filter(address.Host!))
        {
            failures.Add($"{address}: this name is not to be looked up");
            return;
        }
        try
        {
            IPAddress[] answers = await lookup(address.Host!, family, cancellation).ConfigureAwait(false);
            resolved.AddRange(answers.Take(MaxAnswers).Select(address.WithHost));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            failures.Add($"{address}: {e.Message}");
        }
    }

    private static AddressFamily? FamilyOf(Multiaddr address) => address.ToString().Split('/')[1] switch
    {
        "dns4" => AddressFamily.InterNetwork,
        "dns6" => AddressFamily.InterNetworkV6,
        "dns" => AddressFamily.Unspecified,
        _ => null,
    };
}
