using System.Buffers.Binary;
using System.Net;
using System.Text;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Addresses;

/// <summary>What a host wants to know of an address, gathered from its components in one walk.</summary>
internal struct MultiaddrShape
{
    private int _count;
    private bool _beginsWithHost;
    private bool _hasOther;

    internal PeerId? Peer { get; private set; }

    internal bool EndsWithPeer { get; private set; }

    internal int LastStart { get; private set; }

    internal bool HasDns { get; private set; }

    internal string? Host { get; private set; }

    internal IPAddress? Address { get; private set; }

    internal int? TcpPort { get; private set; }

    internal readonly bool IsTcp => TcpPort is not null && !_hasOther;

    internal void Add(ref MultiaddrReader reader)
    {
        MultiaddrProtocol protocol = reader.Protocol;
        // A host, its port, and one peer at the end: anything else makes it more than plain TCP.
        bool expected = _count switch
        {
            0 => TakeHost(ref reader),
            1 => TakePort(ref reader),
            2 => protocol == MultiaddrProtocol.P2P,
            _ => false,
        };
        _hasOther |= !expected;
        HasDns |= protocol.IsDns;
        EndsWithPeer = protocol == MultiaddrProtocol.P2P;
        if (EndsWithPeer && PeerId.TryDecode(reader.Value, out PeerId? peer))
            Peer = peer;
        LastStart = reader.Start;
        _count++;
    }

    private bool TakeHost(ref MultiaddrReader reader)
    {
        if (reader.Protocol == MultiaddrProtocol.Ip4 || reader.Protocol == MultiaddrProtocol.Ip6)
            Address = new IPAddress(reader.Value);
        else if (reader.Protocol.IsDns)
            Host = Encoding.ASCII.GetString(reader.Value);
        _beginsWithHost = Address is not null || (Host is not null && reader.Protocol != MultiaddrProtocol.Dnsaddr);
        return _beginsWithHost;
    }

    private bool TakePort(ref MultiaddrReader reader)
    {
        if (!_beginsWithHost || reader.Protocol != MultiaddrProtocol.Tcp)
            return false;
        TcpPort = BinaryPrimitives.ReadUInt16BigEndian(reader.Value);
        return true;
    }
}
