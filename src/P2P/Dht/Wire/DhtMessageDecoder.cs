using System.Diagnostics.CodeAnalysis;
using System.Text;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Wire;

/// <summary>
/// Reads messages from the network. A message is refused as a whole when it is malformed or names a peer that cannot exist; addresses
/// that are unknown here are left out, for others may speak transports that we do not.
/// </summary>
internal static class DhtMessageDecoder
{
    /// <summary>Decodes one message without its length prefix; everything that is kept is copied.</summary>
    /// <param name="bytes">At most <see cref="WireLimits.MaxResponseSize"/>; the caller has seen to it before reading them.</param>
    /// <param name="message">The message, or null.</param>
    internal static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out DhtMessage? message)
    {
        message = null;
        ulong type = 0;
        ReadOnlySpan<byte> key = default;
        DhtRecord? record = null;
        List<DhtPeer> closer = [];
        List<DhtPeer> providers = [];
        ProtobufReader reader = new(bytes);
        while (!reader.AtEnd)
        {
            if (!reader.TryReadField(out int field, out ulong number, out ReadOnlySpan<byte> content, out bool isBytes))
                return false;
            bool valid = (field, isBytes) switch
            {
                (WireFields.Type, false) => Keep(out type, number),
                (WireFields.Key, true) => KeepKey(content, ref key),
                (WireFields.Record, true) => TryDecodeRecord(content, out record),
                (WireFields.CloserPeers, true) => TryAddPeer(content, closer, WireLimits.MaxCloserPeers),
                (WireFields.ProviderPeers, true) => TryAddPeer(content, providers, WireLimits.MaxProviders),
                _ => field is 0 or > WireFields.ProviderPeers,
            };
            if (!valid)
                return false;
        }
        if (type > (ulong)DhtMessageType.Ping)
            return false;
        message = new DhtMessage((DhtMessageType)type, key.ToArray())
        {
            Record = record,
            CloserPeers = closer,
            ProviderPeers = providers,
        };
        return true;
    }

    private static bool Keep(out ulong kept, ulong number)
    {
        kept = number;
        return true;
    }

    private static bool KeepKey(ReadOnlySpan<byte> content, ref ReadOnlySpan<byte> key)
    {
        key = content;
        return content.Length <= WireLimits.MaxKeySize;
    }

    private static bool TryDecodeRecord(ReadOnlySpan<byte> bytes, out DhtRecord? record)
    {
        record = null;
        ReadOnlySpan<byte> key = default, value = default, time = default;
        ProtobufReader reader = new(bytes);
        while (!reader.AtEnd)
        {
            if (!reader.TryReadField(out int field, out _, out ReadOnlySpan<byte> content, out bool isBytes))
                return false;
            if (!isBytes)
                continue;
            if (field == WireFields.RecordKey)
                key = content;
            else if (field == WireFields.RecordValue)
                value = content;
            else if (field == WireFields.RecordTime)
                time = content;
        }
        // A record that nobody here would take is as good as none, and the peers beside it are of use all the same.
        if (key.Length > WireLimits.MaxKeySize || value.Length > WireLimits.MaxValueSize)
            return true;
        // Nobody relies on a stranger's clock: what cannot be a time is left out.
        bool isTime = time.Length <= WireLimits.MaxTimeSize && Ascii.IsValid(time);
        record = new DhtRecord(key.ToArray(), value.ToArray(), isTime ? Encoding.ASCII.GetString(time) : "");
        return true;
    }

    private static bool TryAddPeer(ReadOnlySpan<byte> bytes, List<DhtPeer> peers, int limit)
    {
        if (peers.Count == limit)
            return true;
        PeerId? peer = null;
        List<Multiaddr> addresses = [];
        ProtobufReader reader = new(bytes);
        while (!reader.AtEnd)
        {
            if (!reader.TryReadField(out int field, out _, out ReadOnlySpan<byte> content, out bool isBytes))
                return false;
            if (field == WireFields.PeerId && isBytes)
            {
                if (!PeerId.TryDecode(content, out peer))
                    return false;
            }
            else if (field == WireFields.PeerAddress && isBytes)
            {
                AddAddress(content, addresses);
            }
        }
        if (peer is null)
            return false;
        peers.Add(new DhtPeer(peer, addresses));
        return true;
    }

    private static void AddAddress(ReadOnlySpan<byte> bytes, List<Multiaddr> addresses)
    {
        if (addresses.Count < WireLimits.MaxAddresses
            && bytes.Length is > 0 and <= WireLimits.MaxAddressSize
            && Multiaddr.TryDecode(bytes, out Multiaddr? address))
            addresses.Add(address);
    }
}
