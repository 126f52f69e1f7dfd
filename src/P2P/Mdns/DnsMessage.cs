namespace P2PMiner.P2P.Mdns;

/// <param name="Name">Labels joined by dots, without a final one.</param>
/// <param name="Type">What is asked for.</param>
internal sealed record DnsQuestion(string Name, DnsType Type);

/// <param name="Name">Labels joined by dots, without a final one.</param>
/// <param name="Type">Decides which of the data is there.</param>
/// <param name="Ttl">How long it holds, in seconds; 0 takes it back (RFC 6762 §10.1).</param>
/// <param name="Target">Of a PTR record: the name it points to; else null.</param>
/// <param name="Texts">Of a TXT record: its strings, of up to 255 bytes each; else null.</param>
internal sealed record DnsRecord(string Name, DnsType Type, uint Ttl, string? Target, IReadOnlyList<byte[]>? Texts);

/// <summary>
/// The part of a multicast DNS message that service discovery needs (RFC 1035 §4.1, RFC 6762 §18). Id, authority
/// section and all flags but QR are left out.
/// </summary>
/// <param name="IsResponse">False for a query.</param>
/// <param name="Questions">Of class IN.</param>
/// <param name="Answers">Of class IN; data of types other than PTR and TXT is skipped.</param>
/// <param name="Additionals">As answers.</param>
internal sealed record DnsMessage(
    bool IsResponse,
    IReadOnlyList<DnsQuestion> Questions,
    IReadOnlyList<DnsRecord> Answers,
    IReadOnlyList<DnsRecord> Additionals)
{
    /// <summary>RFC 6762 §17: no multicast DNS message is larger.</summary>
    public const int MaxSize = 9000;

    /// <summary>The header of six 16-bit numbers.</summary>
    public const int HeaderSize = 12;
}
