using System.Buffers;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>
/// Holds messages of others against the signature policy (libp2p/specs, pubsub/README.md, "Signature Policy Options"): first what costs
/// nothing, and only later, and for what is not a duplicate, the signature.
/// </summary>
internal static class MessageVerifier
{
    /// <summary>Longer than the signature of any RSA key in use (8192 bits).</summary>
    private const int MaxSignatureSize = 1024;

    private const int StackSize = 1024;

    /// <summary>Checks the shape of a message and that its key, if it has one, is the author's.</summary>
    internal static MessageFault CheckShape(ReadOnlySpan<byte> buffer, in MessageEntry fields, SignaturePolicy policy, int maxDataSize)
    {
        if (fields.Data.Length > maxDataSize)
            return MessageFault.TooLong;
        return policy == SignaturePolicy.Sign ? CheckSigned(buffer, fields) : CheckBare(fields);
    }

    /// <summary>Verifies the signature of a message of the right shape, and tells who signed it.</summary>
    internal static bool VerifySignature(GossipMessage message, out PeerId? author)
    {
        ReadOnlySpan<byte> encodedKey = AuthorKey.Of(message.From, message.Key);
        return PeerId.TryDecode(message.From, out author)
            && PublicKey.TryDecode(encodedKey, out PublicKey? key)
            && Verify(key, message.Signed, message.Signature);
    }

    private static MessageFault CheckSigned(ReadOnlySpan<byte> buffer, in MessageEntry fields)
    {
        ReadOnlySpan<byte> from = fields.From.Of(buffer);
        if (!PeerId.IsWellFormed(from))
            return MessageFault.BadAuthor;
        if (fields.SequenceNumber.Length != MessageSigner.SequenceNumberSize)
            return MessageFault.BadSequenceNumber;
        if (fields.Signature.Length is 0 or > MaxSignatureSize)
            return MessageFault.NoSignature;
        // An empty key would be passed on to peers that do not take it for a missing one.
        if (fields.Key.IsPresent && fields.Key.Length == 0)
            return MessageFault.BadKey;
        ReadOnlySpan<byte> key = AuthorKey.Of(from, fields.Key.Of(buffer));
        return key.Length is > 0 and <= PublicKey.MaxEncodedSize && AuthorKey.Matches(from, key) ? MessageFault.None : MessageFault.BadKey;
    }

    private static MessageFault CheckBare(in MessageEntry fields) =>
        fields.From.IsPresent || fields.SequenceNumber.IsPresent || fields.Signature.IsPresent || fields.Key.IsPresent
            ? MessageFault.AuthorPresent
            : MessageFault.None;

    private static bool Verify(PublicKey key, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        int size = MessageSigner.Prefix.Length + signed.Length;
        byte[]? rented = size > StackSize ? ArrayPool<byte>.Shared.Rent(size) : null;
        Span<byte> content = rented is null ? stackalloc byte[StackSize] : rented;
        MessageSigner.Prefix.CopyTo(content);
        signed.CopyTo(content[MessageSigner.Prefix.Length..]);
        bool valid = key.Verify(content[..size], signature);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return valid;
    }
}
