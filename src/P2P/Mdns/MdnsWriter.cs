using System.Security.Cryptography;
using System.Text;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Mdns;

/// <summary>
/// The messages of one host (libp2p/specs, discovery/mdns.md, "Peer Discovery"): the question for all peers, and the answer
/// <code>
/// answer:      service-name              PTR  peer-name.service-name
/// additional:  peer-name.service-name    TXT  "dnsaddr=/ip4/…/tcp/…/p2p/ID"     one record for each address
/// </code>
/// </summary>
internal sealed class MdnsWriter
{
    /// <summary>Of answers, in seconds (RFC 6762 §10: 120 for what depends on an address).</summary>
    public const uint Ttl = 120;

    /// <summary>A packet that is not fragmented on any usual network; addresses that do not fit are left out.</summary>
    public const int MaxSize = 1400;

    /// <summary>The question for the services of a network, and its answer's lifetime (RFC 6763 §9).</summary>
    public const string MetaName = "_services._dns-sd._udp.local";

    /// <summary>Before an address in a TXT string.</summary>
    public const string TextPrefix = "dnsaddr=";

    private const int PeerNameLength = 32;
    private const string PeerNameLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int MaxText = byte.MaxValue;

    private readonly string _service;
    private readonly PeerId _self;

    /// <param name="service">A name as <see cref="MdnsOptions.ServiceName"/> allows.</param>
    /// <param name="self">Whose addresses are announced.</param>
    public MdnsWriter(string service, PeerId self)
    {
        _service = service;
        _self = self;
        PeerName = $"{RandomNumberGenerator.GetString(PeerNameLetters, PeerNameLength)}.{service}";
    }

    /// <summary>Random, so that the names on a network tell nothing of who is on it; new with each object.</summary>
    public string PeerName { get; }

    /// <returns>Bytes written to <paramref name="buffer"/>, which holds <see cref="MaxSize"/>.</returns>
    public int WriteQuery(Span<byte> buffer)
    {
        var encoder = new DnsEncoder(buffer[..MaxSize], isResponse: false);
        encoder.TryAddQuestion(_service, DnsType.Ptr);
        return encoder.Size;
    }

    /// <param name="buffer">Holds <see cref="MaxSize"/>.</param>
    /// <param name="addresses">The most useful first; what does not fit is left out.</param>
    /// <returns>Bytes written; 0 if there is no address to announce.</returns>
    public int WriteAnswer(Span<byte> buffer, IEnumerable<Multiaddr> addresses)
    {
        var encoder = new DnsEncoder(buffer[..MaxSize], isResponse: true);
        encoder.TryAddPtrAnswer(_service, PeerName, Ttl);
        int empty = encoder.Size;
        foreach (Multiaddr address in addresses)
        {
            byte[] text = Encoding.ASCII.GetBytes($"{TextPrefix}{address.WithPeer(_self)}");
            if (text.Length <= MaxText && !encoder.TryAddTxt(PeerName, text, Ttl, additional: true))
                break;
        }
        return encoder.Size == empty ? 0 : encoder.Size;
    }

    /// <summary>Tells tools that list the services of a network of this one (RFC 6763 §9).</summary>
    public int WriteMetaAnswer(Span<byte> buffer)
    {
        var encoder = new DnsEncoder(buffer[..MaxSize], isResponse: true);
        encoder.TryAddPtrAnswer(MetaName, _service, Ttl);
        return encoder.Size;
    }
}
