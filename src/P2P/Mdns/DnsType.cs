namespace P2PMiner.P2P.Mdns;

/// <summary>Record types that are told apart here (RFC 1035 §3.2.2, RFC 2782, RFC 3596); others are carried as numbers.</summary>
internal enum DnsType : ushort
{
    A = 1,
    Ptr = 12,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Any = 255,
}
