namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>
/// Decodes an RPC into slices (libp2p/specs, pubsub/README.md, "The RPC"; gossipsub/gossipsub-v1.2.md, "Protobuf Extension").
/// Of a field that may stand once, the last one counts; unknown fields are skipped.
/// </summary>
internal static class RpcDecoder
{
    /// <param name="buffer">The RPC without its length prefix.</param>
    /// <param name="into">Is cleared first; holds nothing of use unless the result is <see cref="RpcStatus.Done"/>.</param>
    internal static RpcStatus Decode(ReadOnlySpan<byte> buffer, RpcFrame into)
    {
        into.Clear();
        ProtoReader reader = new(buffer);
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return RpcStatus.Malformed;
            RpcStatus status = field is RpcFields.Subscriptions or RpcFields.Publish or RpcFields.Control
                ? DecodePart(ref reader, buffer, field, type, into)
                : Check(reader.TrySkip(type));
            if (status != RpcStatus.Done)
                return status;
        }
        return RpcStatus.Done;
    }

    private static RpcStatus DecodePart(ref ProtoReader reader, ReadOnlySpan<byte> buffer, int field, WireType type, RpcFrame into)
    {
        if (!reader.TryReadBytes(type, out Slice part))
            return RpcStatus.Malformed;
        return field switch
        {
            RpcFields.Subscriptions => DecodeSubscription(buffer, part, into.Subscriptions),
            RpcFields.Publish => AddMessage(buffer, part, into.Messages),
            _ => ControlDecoder.Decode(buffer, part, into),
        };
    }

    private static RpcStatus DecodeSubscription(ReadOnlySpan<byte> buffer, Slice part, List<RpcFrame.SubscriptionEntry> into)
    {
        ProtoReader reader = new(buffer, part);
        Slice topic = default;
        ulong subscribe = 0;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return RpcStatus.Malformed;
            bool read = field switch
            {
                RpcFields.Subscription.Subscribe => reader.TryReadVarint(type, out subscribe),
                RpcFields.Subscription.Topic => reader.TryReadBytes(type, out topic),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return RpcStatus.Malformed;
        }
        return Add(into, new RpcFrame.SubscriptionEntry(topic, subscribe != 0));
    }

    private static RpcStatus AddMessage(ReadOnlySpan<byte> buffer, Slice part, List<MessageEntry> into) =>
        TryDecodeMessage(buffer, part, out MessageEntry message) ? Add(into, message) : RpcStatus.Malformed;

    /// <summary>Decodes one message, without judging what its fields hold.</summary>
    internal static bool TryDecodeMessage(ReadOnlySpan<byte> buffer, Slice part, out MessageEntry message)
    {
        message = default;
        ProtoReader reader = new(buffer, part);
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            bool read = field switch
            {
                RpcFields.Message.From => reader.TryReadBytes(type, out message.From),
                RpcFields.Message.Data => reader.TryReadBytes(type, out message.Data),
                RpcFields.Message.SequenceNumber => reader.TryReadBytes(type, out message.SequenceNumber),
                RpcFields.Message.Topic => reader.TryReadBytes(type, out message.Topic),
                RpcFields.Message.Signature => reader.TryReadBytes(type, out message.Signature),
                RpcFields.Message.Key => reader.TryReadBytes(type, out message.Key),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return false;
        }
        return true;
    }

    internal static RpcStatus Check(bool read) => read ? RpcStatus.Done : RpcStatus.Malformed;

    internal static RpcStatus Add<T>(List<T> list, T entry)
    {
        if (list.Count == RpcLimits.MaxEntries)
            return RpcStatus.TooMany;
        list.Add(entry);
        return RpcStatus.Done;
    }
}
