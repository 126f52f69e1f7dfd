using System.Text;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.Dht.Wire;

/// <summary>
/// Writes messages in field order, each field once and defaults left out, as every protobuf encoder does. What is written is strict: other
/// implementations drop a whole answer for one address that they cannot parse.
/// </summary>
internal static class DhtMessageEncoder
{
    private const int BytesField = 2;

    /// <summary>Bytes that <see cref="Write"/> will write.</summary>
    internal static int Size(DhtMessage message)
    {
        int size = message.Type == 0 ? 0 : 2;
        size += BytesSize(message.Key.Length, optional: true);
        if (message.Record is not null)
            size += BytesSize(RecordSize(message.Record));
        foreach (DhtPeer peer in message.CloserPeers)
            size += BytesSize(PeerSize(peer));
        foreach (DhtPeer peer in message.ProviderPeers)
            size += BytesSize(PeerSize(peer));
        return size;
    }

    /// <summary>Bytes that a peer takes in a message, with its tag and length.</summary>
    internal static int SizeInMessage(DhtPeer peer) => BytesSize(PeerSize(peer));

    /// <summary>Writes a message without its length prefix and returns the number of bytes written.</summary>
    /// <exception cref="ArgumentException">No room.</exception>
    internal static int Write(DhtMessage message, Span<byte> destination)
    {
        Span<byte> rest = destination;
        if (message.Type != 0)
        {
            rest[0] = WireFields.Type << 3;
            rest[1] = (byte)message.Type;
            rest = rest[2..];
        }
        if (!message.Key.IsEmpty)
            rest = WriteBytes(rest, WireFields.Key, message.Key.Span);
        if (message.Record is not null)
            rest = WriteRecord(rest, message.Record);
        foreach (DhtPeer peer in message.CloserPeers)
            rest = WritePeer(rest, WireFields.CloserPeers, peer);
        foreach (DhtPeer peer in message.ProviderPeers)
            rest = WritePeer(rest, WireFields.ProviderPeers, peer);
        return destination.Length - rest.Length;
    }

    private static int RecordSize(DhtRecord record) =>
        BytesSize(record.Key.Length, optional: true)
        + BytesSize(record.Value.Length, optional: true)
        + BytesSize(record.TimeReceived.Length, optional: true);

    private static int PeerSize(DhtPeer peer)
    {
        int size = BytesSize(peer.Peer.Bytes.Length);
        foreach (Multiaddr address in peer.Addresses)
            size += BytesSize(address.Bytes.Length);
        return size;
    }

    private static int BytesSize(int length, bool optional = false) =>
        optional && length == 0 ? 0 : 1 + Varint.Length((ulong)length) + length;

    private static Span<byte> WriteRecord(Span<byte> rest, DhtRecord record)
    {
        rest = WriteHead(rest, WireFields.Record, RecordSize(record));
        if (!record.Key.IsEmpty)
            rest = WriteBytes(rest, WireFields.RecordKey, record.Key.Span);
        if (!record.Value.IsEmpty)
            rest = WriteBytes(rest, WireFields.RecordValue, record.Value.Span);
        if (record.TimeReceived.Length == 0)
            return rest;
        rest = WriteHead(rest, WireFields.RecordTime, record.TimeReceived.Length);
        return rest[Encoding.ASCII.GetBytes(record.TimeReceived, rest)..];
    }

    private static Span<byte> WritePeer(Span<byte> rest, int field, DhtPeer peer)
    {
        rest = WriteHead(rest, field, PeerSize(peer));
        rest = WriteBytes(rest, WireFields.PeerId, peer.Peer.Bytes);
        foreach (Multiaddr address in peer.Addresses)
            rest = WriteBytes(rest, WireFields.PeerAddress, address.Bytes.Span);
        return rest;
    }

    private static Span<byte> WriteBytes(Span<byte> rest, int field, ReadOnlySpan<byte> bytes)
    {
        rest = WriteHead(rest, field, bytes.Length);
        bytes.CopyTo(rest);
        return rest[bytes.Length..];
    }

    private static Span<byte> WriteHead(Span<byte> rest, int field, int length)
    {
        rest[0] = (byte)(field << 3 | BytesField);
        return rest[(1 + Varint.Write(rest[1..], (ulong)length))..];
    }
}
