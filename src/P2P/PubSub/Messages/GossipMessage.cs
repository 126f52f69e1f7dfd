using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>
/// A message as it is kept and passed on: encoded once, canonically and without unknown fields, and never changed. All peers are sent
/// the very same bytes.
/// </summary>
internal sealed class GossipMessage
{
    private readonly MessageEntry _fields;
    private readonly Slice _signed;

    /// <summary>Copies the fields out of <paramref name="source"/>, of which they are slices.</summary>
    internal GossipMessage(ReadOnlySpan<byte> source, MessageEntry fields, byte[] id)
    {
        Frame = MessageFrame.Encode(source, ref fields, out _signed);
        _fields = fields;
        Id = id;
    }

    /// <summary>A whole RPC with its length prefix.</summary>
    internal byte[] Frame { get; }

    internal byte[] Id { get; }

    internal ReadOnlyMemory<byte> Data => _fields.Data.MemoryOf(Frame);

    internal int DataSize => _fields.Data.Length;

    internal bool IsSigned => _fields.Signature.IsPresent;

    internal ReadOnlySpan<byte> From => _fields.From.Of(Frame);

    internal ReadOnlySpan<byte> SequenceNumber => _fields.SequenceNumber.Of(Frame);

    internal ReadOnlySpan<byte> Signature => _fields.Signature.Of(Frame);

    internal ReadOnlySpan<byte> Key => _fields.Key.Of(Frame);

    internal bool HasKey => _fields.Key.IsPresent;

    /// <summary>What the signature covers: from, data, seqno and topic.</summary>
    internal ReadOnlySpan<byte> Signed => _signed.Of(Frame);

    /// <summary>True if the message in <paramref name="source"/> is the same in every field.</summary>
    internal bool Equals(ReadOnlySpan<byte> source, in MessageEntry fields) =>
        Same(_fields.Signature, source, fields.Signature)
        && Same(_fields.Data, source, fields.Data)
        && Same(_fields.SequenceNumber, source, fields.SequenceNumber)
        && Same(_fields.From, source, fields.From)
        && Same(_fields.Topic, source, fields.Topic)
        && Same(_fields.Key, source, fields.Key);

    private bool Same(Slice own, ReadOnlySpan<byte> source, Slice other) =>
        own.IsPresent == other.IsPresent && own.Of(Frame).SequenceEqual(other.Of(source));
}
