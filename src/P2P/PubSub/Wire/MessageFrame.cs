namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>
/// Encodes a message once, as a whole frame that can be sent to any number of peers as it is:
/// <code>
/// varint   length of the RPC
/// 12       RPC.publish
/// varint   length of the message
/// 0a..     from, data, seqno, topic     \ what the signature covers, in this order
/// 2a..     signature
/// 32..     key
/// </code>
/// </summary>
internal static class MessageFrame
{
    /// <param name="source">The buffer that <paramref name="fields"/> are slices of.</param>
    /// <param name="fields">Become slices of the frame.</param>
    /// <param name="signed">What the signature covers.</param>
    internal static byte[] Encode(ReadOnlySpan<byte> source, ref MessageEntry fields, out Slice signed)
    {
        int signedSize = SignedSize(fields);
        int messageSize = signedSize + Size(fields.Signature) + Size(fields.Key);
        int rpcSize = 1 + ProtoVarint.Length((ulong)messageSize) + messageSize;
        byte[] frame = new byte[ProtoVarint.Length((ulong)rpcSize) + rpcSize];
        int position = ProtoVarint.Write(frame, (ulong)rpcSize);
        frame[position++] = Tag(RpcFields.Publish);
        position += ProtoVarint.Write(frame.AsSpan(position), (ulong)messageSize);
        signed = new Slice(position, signedSize);
        position = WriteSigned(frame, position, source, ref fields);
        position = Write(frame, position, source, RpcFields.Message.Signature, ref fields.Signature);
        Write(frame, position, source, RpcFields.Message.Key, ref fields.Key);
        return frame;
    }

    /// <summary>The size of what the signature covers.</summary>
    internal static int SignedSize(in MessageEntry fields) =>
        Size(fields.From) + Size(fields.Data) + Size(fields.SequenceNumber) + Size(fields.Topic);

    /// <summary>Writes what the signature covers; returns the position after it.</summary>
    internal static int WriteSigned(Span<byte> destination, int position, ReadOnlySpan<byte> source, ref MessageEntry fields)
    {
        position = Write(destination, position, source, RpcFields.Message.From, ref fields.From);
        position = Write(destination, position, source, RpcFields.Message.Data, ref fields.Data);
        position = Write(destination, position, source, RpcFields.Message.SequenceNumber, ref fields.SequenceNumber);
        return Write(destination, position, source, RpcFields.Message.Topic, ref fields.Topic);
    }

    private static int Size(Slice field) => field.IsPresent ? 1 + ProtoVarint.Length((ulong)field.Length) + field.Length : 0;

    private static int Write(Span<byte> destination, int position, ReadOnlySpan<byte> source, int number, ref Slice field)
    {
        if (!field.IsPresent)
            return position;
        destination[position++] = Tag(number);
        position += ProtoVarint.Write(destination[position..], (ulong)field.Length);
        field.Of(source).CopyTo(destination[position..]);
        field = new Slice(position, field.Length);
        return position + field.Length;
    }

    private static byte Tag(int field) => (byte)((field << 3) | (int)WireType.Bytes);
}
