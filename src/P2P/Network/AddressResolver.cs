using System.Net;
using System.Net.Sockets;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>Asks for the IP addresses of a name; <see cref="AddressFamily.Unspecified"/> means both kinds.</summary>
internal delegate Task<IPAddress[]> NameLookup(string name, AddressFamily family, CancellationToken cancellation);

/// <summary>Asks for the TXT records of a name, each one string; throws <see cref="IOException"/> where there is no answer.</summary>
internal delegate Task<IReadOnlyList<string>> NameTextLookup(string name, CancellationToken cancellation);

/// <summary>
/// Turns names in addresses into IP addresses (libp2p/specs, addressing/README.md): dns, dns4 and dns6 with the system's resolver,
/// dnsaddr by the addresses in TXT records of the name, which may be names in turn.
/// </summary>
/// <param name="lookup">Asks for the addresses of a name.</param>
/// <param name="textLookup">Asks for the texts of a name.</param>
/// <param name="filter">Names for which it is false are not asked for; null: all may be.</param>
internal sealed class AddressResolver(NameLookup lookup, NameTextLookup textLookup, Func<string, bool>? filter = null)
{
    /// <summary>Answers used per name.</summary>
    private const int MaxAnswers = 16;

    /// <summary>Names looked up per dial.</summary>
    private const int MaxNames = 8;

    /// <summary>How often a dnsaddr may lead to another one.</summary>
    private const int MaxDepth = 4;

    private const string TextPrefix = "dnsaddr=";

    internal AddressResolver(Func<string, bool>? filter, TimeProvider time)
        : this(Dns.GetHostAddressesAsync, new TextLookup(time).AskAsync, filter)
    {
    }

    /// <summary>
    /// The addresses, names replaced by what they stand for. Addresses of another peer than <paramref name="peer"/> are left out,
    /// as is a name that has no answer if any other address remains. They end with /p2p only where <paramref name="peer"/> is null
    /// and a dnsaddr says which peer is there.
    /// </summary>
    /// <exception cref="DialException">Nothing is left; the message says why for each name.</exception>
    internal async Task<IReadOnlyList<Multiaddr>> ResolveAsync(IReadOnlyList<Multiaddr> addresses, PeerId? peer, CancellationToken cancellation)
    {
        Resolution all = new(peer);
        foreach (Multiaddr address in addresses)
            await AddAsync(address, depth: 0, all, cancellation).ConfigureAwait(false);
        return all.Resolved.Count > 0 ? all.Resolved : throw new DialException($"no address to dial: {string.Join("; ", all.Failures)}");
    }

    private async Task AddAsync(Multiaddr address, int depth, Resolution all, CancellationToken cancellation)
    {
        if (all.Peer is not null && address.Peer is { } other && !other.Equals(all.Peer))
            all.Failures.Add($"{address} is of another peer");
        else if (!address.HasDns)
            all.Resolved.Add(all.Peer is null ? address : address.WithoutPeer());
        else if (++all.Names <= MaxNames)
            await LookUpAsync(address, depth, all, cancellation).ConfigureAwait(false);
    }

    private async Task LookUpAsync(Multiaddr address, int depth, Resolution all, CancellationToken cancellation)
    {
        AddressFamily? family = FamilyOf(address);
        bool isText = address.IsDnsaddr;
        string? refusal = isText || (address.IsTcp && family is not null)
            ? null
            : "names of this kind cannot be looked up here, use dnsaddr, or dns4, dns6 or dns with a TCP port";
        if (refusal is null && filter is not null && !filter(address.Host!))
            refusal = "this name is not to be looked up";
        if (depth > MaxDepth)
            refusal = "the names lead to one another";
        if (refusal is not null)
        {
            all.Failures.Add($"{address}: {refusal}");
            return;
        }
        try
        {
            if (isText)
            {
                await LookUpTextsAsync(address, depth, all, cancellation).ConfigureAwait(false);
                return;
            }
            IPAddress[] answers = await lookup(address.Host!, family!.Value, cancellation).ConfigureAwait(false);
            Multiaddr plain = all.Peer is null ? address : address.WithoutPeer();
            all.Resolved.AddRange(answers.Take(MaxAnswers).Select(plain.WithHost));
        }
        catch (Exception e) when (e is SocketException or IOException or ArgumentException)
        {
            all.Failures.Add($"{address}: {e.Message}");
        }
    }

    private async Task LookUpTextsAsync(Multiaddr address, int depth, Resolution all, CancellationToken cancellation)
    {
        int taken = 0;
        foreach (string text in await textLookup($"_dnsaddr.{address.Host}", cancellation).ConfigureAwait(false))
        {
            if (!text.StartsWith(TextPrefix, StringComparison.Ordinal) || !Multiaddr.TryParse(text[TextPrefix.Length..], out Multiaddr? answer))
                continue;

            // The records of a name are those of many peers: what follows the name in the address chooses among them.
            if (address.Peer is { } wanted && !wanted.Equals(answer.Peer))
                continue;
            if (++taken > MaxAnswers)
                return;
            await AddAsync(answer, depth + 1, all, cancellation).ConfigureAwait(false);
        }
        if (taken == 0)
            all.Failures.Add($"{address}: the name tells no address{(address.Peer is null ? "" : " of this peer")}");
    }

    private static AddressFamily? FamilyOf(Multiaddr address) => address.ToString().Split('/')[1] switch
    {
        "dns4" => AddressFamily.InterNetwork,
        "dns6" => AddressFamily.InterNetworkV6,
        "dns" => AddressFamily.Unspecified,
        _ => null,
    };

    /// <summary>What one call has found so far.</summary>
    private sealed class Resolution(PeerId? peer)
    {
        public PeerId? Peer { get; } = peer;

        public List<Multiaddr> Resolved { get; } = [];

        public List<string> Failures { get; } = [];

        public int Names { get; set; }
    }
}
