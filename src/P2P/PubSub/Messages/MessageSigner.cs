using System.Buffers;
using System.Buffers.Binary;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>
/// Makes our own signed messages (libp2p/specs, pubsub/README.md, "Message Signing"). The signature covers from, data, seqno and
/// topic, not the key; the key is always sent, as js-libp2p does. Not thread-safe.
/// </summary>
internal sealed class MessageSigner(Ed25519KeyPair key, PeerId author, MessageIdFunction idFunction, ulong firstNumber)
{
    internal const int SequenceNumberSize = sizeof(ulong);

    // Tags and lengths of six fields, none of them longer than 32 bits.
    private const int MaxFieldOverhead = 6 * 6;

    private readonly byte[] _key = key.ToPublicKey().Encoded.ToArray();
    private ulong _nextNumber = firstNumber;

    /// <summary>What is signed begins with this.</summary>
    internal static ReadOnlySpan<byte> Prefix => "libp2p-pubsub:"u8;

    internal GossipMessage Sign(byte[] topic, ReadOnlySpan<byte> data)
    {
        byte[] number = new byte[SequenceNumberSize];
        BinaryPrimitives.WriteUInt64BigEndian(number, _nextNumber++);
        byte[] scratch = ArrayPool<byte>.Shared.Rent(
            (2 * (author.Bytes.Length + data.Length + SequenceNumberSize + topic.Length)) + MaxFieldOverhead + Prefix.Length + 128);
        try
        {
            return Sign(scratch, topic, data, number);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    private GossipMessage Sign(Span<byte> scratch, byte[] topic, ReadOnlySpan<byte> data, byte[] number)
    {
        FieldBuilder builder = new(scratch);
        MessageEntry fields = new()
        {
            From = builder.Append(author.Bytes),
            Data = builder.Append(data),
            SequenceNumber = builder.Append(number),
            Topic = builder.Append(topic),
        };
        Slice prefix = builder.Append(Prefix);
        int signedEnd = MessageFrame.WriteSigned(scratch, prefix.Start + prefix.Length, scratch, ref fields);
        byte[] signature = key.Sign(scratch[prefix.Start..signedEnd]);
        builder = new(scratch, signedEnd);
        fields.Signature = builder.Append(signature);
        fields.Key = builder.Append(_key);
        return new GossipMessage(scratch, fields, MessageIds.Of(idFunction, scratch, fields));
    }
}
