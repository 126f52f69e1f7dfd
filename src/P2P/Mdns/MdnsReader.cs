using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Mdns;

/// <param name="Peer">Named by /p2p of every one of the addresses.</param>
/// <param name="Addresses">Without /p2p.</param>
/// <param name="Lifetime">How long the answer says that it holds.</param>
internal sealed record MdnsAnswer(PeerId Peer, IReadOnlyList<Multiaddr> Addresses, TimeSpan Lifetime);

/// <summary>What a decoded message has to do with a service.</summary>
internal static class MdnsReader
{
    /// <summary>Peers of one message; further ones are left out.</summary>
    public const int MaxPeers = 8;

    /// <summary>Addresses of one message, of all its peers together; further ones are left out.</summary>
    public const int MaxAddresses = 32;

    /// <summary>True if a query asks for all peers.</summary>
    public static bool AsksForPeers(DnsMessage query, string service) => query.Questions.Any(question =>
        question.Type is DnsType.Ptr or DnsType.Any && DnsName.Same(question.Name, service));

    /// <summary>True if a query asks for the addresses of one peer, by its name.</summary>
    public static bool AsksForAddresses(DnsMessage query, string peerName) => query.Questions.Any(question =>
        question.Type is DnsType.Txt or DnsType.Any && DnsName.Same(question.Name, peerName));

    /// <summary>True for a query that lists all services of the network.</summary>
    public static bool AsksMeta(DnsMessage query) => query.Questions.Any(question =>
        question.Type is DnsType.Ptr or DnsType.Any && DnsName.Same(question.Name, MdnsWriter.MetaName));

    /// <summary>
    /// The peers that a response names for the service. Their addresses may stand in answers (as js-libp2p has them) or additionals
    /// (as the specification has them), in one TXT record or several.
    /// </summary>
    /// <param name="response">Of anyone.</param>
    /// <param name="service">Without it the response is about something else.</param>
    /// <param name="accept">Which addresses are believed.</param>
    public static IReadOnlyList<MdnsAnswer> Read(DnsMessage response, string service, Func<IPAddress, bool> accept)
    {
        HashSet<string> names = new(
            response.Answers
                .Where(record => record.Type == DnsType.Ptr && record.Ttl > 0 && DnsName.Same(record.Name, service))
                .Select(record => record.Target ?? ""),
            StringComparer.OrdinalIgnoreCase);
        if (names.Count == 0)
            return [];
        Dictionary<PeerId, Found> found = [];
        IEnumerable<(DnsRecord Record, byte[] Text)> texts = response.Answers.Concat(response.Additionals)
            .Where(record => record.Texts is not null && record.Ttl > 0 && names.Contains(record.Name))
            .SelectMany(record => record.Texts!.Select(text => (record, text)));
        foreach ((DnsRecord record, byte[] text) in texts.Take(MaxAddresses))
        {
            if (!TryReadAddress(text, out Multiaddr? address, out PeerId? peer) || !accept(address.IPAddress!))
                continue;
            if (!found.TryGetValue(peer, out Found? entry) && found.Count < MaxPeers)
                found.Add(peer, entry = new Found());
            entry?.Add(address, record.Ttl);
        }
        return [.. found.Select(pair => new MdnsAnswer(pair.Key, pair.Value.Addresses, TimeSpan.FromSeconds(pair.Value.Ttl)))];
    }

    private static bool TryReadAddress(
        byte[] text,
        [NotNullWhen(true)] out Multiaddr? address,
        [NotNullWhen(true)] out PeerId? peer)
    {
        address = null;
        peer = null;
        string line = Encoding.ASCII.GetString(text);
        if (!line.StartsWith(MdnsWriter.TextPrefix, StringComparison.Ordinal)
            || !Multiaddr.TryParse(line[MdnsWriter.TextPrefix.Length..], out Multiaddr? full)
            || full.Peer is not PeerId named)
            return false;
        address = full.WithoutPeer();
        peer = named;
        // A name is not believed, for looking it up would ask strangers; and an address by way of a relay begins like others.
        return full.IsTcp && address.TcpEndPoint is not null;
    }

    private sealed class Found
    {
        public List<Multiaddr> Addresses { get; } = [];

        public uint Ttl { get; private set; } = uint.MaxValue;

        public void Add(Multiaddr address, uint ttl)
        {
            if (!Addresses.Contains(address))
                Addresses.Add(address);
            Ttl = Math.Min(Ttl, ttl);
        }
    }
}
