namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>Decodes the control part of an RPC (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md to v1.2.md, "Protobuf").</summary>
internal static class ControlDecoder
{
    internal static RpcStatus Decode(ReadOnlySpan<byte> buffer, Slice part, RpcFrame into)
    {
        ProtoReader reader = new(buffer, part);
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return RpcStatus.Malformed;
            RpcStatus status = field is >= RpcFields.ControlMessage.IHave and <= RpcFields.ControlMessage.IDontWant
                ? DecodeEntry(ref reader, buffer, field, type, into)
                : RpcDecoder.Check(reader.TrySkip(type));
            if (status != RpcStatus.Done)
                return status;
        }
        return RpcStatus.Done;
    }

    private static RpcStatus DecodeEntry(ref ProtoReader reader, ReadOnlySpan<byte> buffer, int field, WireType type, RpcFrame into)
    {
        if (!reader.TryReadBytes(type, out Slice part))
            return RpcStatus.Malformed;
        return field switch
        {
            RpcFields.ControlMessage.IHave => DecodeIds(buffer, part, RpcFields.IHaveIds, into, into.IHaves),
            RpcFields.ControlMessage.IWant => DecodeIds(buffer, part, RpcFields.WantIds, into, into.IWants),
            RpcFields.ControlMessage.IDontWant => DecodeIds(buffer, part, RpcFields.WantIds, into, into.IDontWants),
            RpcFields.ControlMessage.Graft => DecodeGraft(buffer, part, into),
            _ => DecodePrune(buffer, part, into),
        };
    }

    private static RpcStatus DecodeIds(
        ReadOnlySpan<byte> buffer, Slice part, int idField, RpcFrame into, List<RpcFrame.IdListEntry> lists)
    {
        ProtoReader reader = new(buffer, part);
        Slice topic = default;
        int first = into.Ids.Count;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return RpcStatus.Malformed;
            if (field == idField)
            {
                if (!reader.TryReadBytes(type, out Slice id))
                    return RpcStatus.Malformed;
                if (into.Ids.Count - first < RpcLimits.MaxIdsPerList && into.Ids.Count < RpcLimits.MaxIds)
                    into.Ids.Add(id);
            }
            else if (!(field == RpcFields.ControlTopic ? reader.TryReadBytes(type, out topic) : reader.TrySkip(type)))
            {
                return RpcStatus.Malformed;
            }
        }
        return RpcDecoder.Add(lists, new RpcFrame.IdListEntry(topic, first, into.Ids.Count - first));
    }

    private static RpcStatus DecodeGraft(ReadOnlySpan<byte> buffer, Slice part, RpcFrame into)
    {
        ProtoReader reader = new(buffer, part);
        Slice topic = default;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type)
                || !(field == RpcFields.ControlTopic ? reader.TryReadBytes(type, out topic) : reader.TrySkip(type)))
            {
                return RpcStatus.Malformed;
            }
        }
        return RpcDecoder.Add(into.Grafts, topic);
    }

    private static RpcStatus DecodePrune(ReadOnlySpan<byte> buffer, Slice part, RpcFrame into)
    {
        ProtoReader reader = new(buffer, part);
        Slice topic = default;
        ulong? backoff = null;
        int first = into.PeerInfos.Count;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return RpcStatus.Malformed;
            RpcStatus status = field switch
            {
                RpcFields.ControlTopic => RpcDecoder.Check(reader.TryReadBytes(type, out topic)),
                RpcFields.Prune.Peers => DecodePeerInfo(ref reader, buffer, type, into.PeerInfos),
                RpcFields.Prune.Backoff => DecodeBackoff(ref reader, type, out backoff),
                _ => RpcDecoder.Check(reader.TrySkip(type)),
            };
            if (status != RpcStatus.Done)
                return status;
        }
        return RpcDecoder.Add(into.Prunes, new RpcFrame.PruneEntry(topic, backoff, first, into.PeerInfos.Count - first));
    }

    private static RpcStatus DecodeBackoff(ref ProtoReader reader, WireType type, out ulong? backoff)
    {
        bool isRead = reader.TryReadVarint(type, out ulong seconds);
        backoff = seconds;
        return RpcDecoder.Check(isRead);
    }

    private static RpcStatus DecodePeerInfo(
        ref ProtoReader outer, ReadOnlySpan<byte> buffer, WireType outerType, List<RpcFrame.PeerInfoEntry> into)
    {
        if (!outer.TryReadBytes(outerType, out Slice part))
            return RpcStatus.Malformed;
        if (into.Count == RpcLimits.MaxPeerInfos)
            return RpcStatus.Done;
        ProtoReader reader = new(buffer, part);
        Slice peer = default;
        Slice record = default;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return RpcStatus.Malformed;
            bool read = field switch
            {
                RpcFields.PeerInfo.PeerId => reader.TryReadBytes(type, out peer),
                RpcFields.PeerInfo.SignedRecord => reader.TryReadBytes(type, out record),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return RpcStatus.Malformed;
        }
        into.Add(new RpcFrame.PeerInfoEntry(peer, record));
        return RpcStatus.Done;
    }
}
