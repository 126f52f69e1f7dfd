using System.Diagnostics.CodeAnalysis;
using System.Text;
using Google.Protobuf;
using P2PMiner.P2P.Identity.Proto;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.Identity;

/// <summary>
/// A payload with the key that signed it (libp2p/specs, RFC/0002-signed-envelopes.md). The signature covers a domain, which keeps it from
/// being used for anything else, the payload's type, and the payload, each with its length in front.
/// </summary>
internal static class SignedEnvelope
{
    // Tags and lengths of the four fields.
    private const int OverheadSize = 16;

    // An RSA signature of 8192 bits.
    private const int MaxSignatureSize = RsaKeys.MaxBits / 8;

    /// <summary>The longest envelope that holds a payload of <paramref name="maxPayloadSize"/> bytes.</summary>
    internal static int MaxSize(int maxPayloadSize) => maxPayloadSize + PublicKey.MaxEncodedSize + MaxSignatureSize + OverheadSize;

    internal static byte[] Seal(Ed25519KeyPair key, string domain, ReadOnlySpan<byte> payloadType, ReadOnlySpan<byte> payload)
    {
        EnvelopeMessage message = new()
        {
            PublicKey = ByteString.CopyFrom(key.ToPublicKey().Encoded),
            PayloadType = ByteString.CopyFrom(payloadType),
            Payload = ByteString.CopyFrom(payload),
            Signature = ByteString.CopyFrom(key.Sign(SignedBytes(domain, payloadType, payload))),
        };
        return message.ToByteArray();
    }

    /// <summary>Opens an envelope from the network; false if it is malformed, of another type, or the signature is wrong.</summary>
    internal static bool TryOpen(
        ReadOnlySpan<byte> envelope, string domain, ReadOnlySpan<byte> payloadType, int maxPayloadSize,
        [NotNullWhen(true)] out PublicKey? signer, [NotNullWhen(true)] out ByteString? payload)
    {
        signer = null;
        payload = null;
        if (envelope.Length > MaxSize(maxPayloadSize) || !TryParse(envelope, out EnvelopeMessage? message))
            return false;
        if (!message.PayloadType.Span.SequenceEqual(payloadType)
            || message.Payload.Length > maxPayloadSize
            || !PublicKey.TryDecode(message.PublicKey.Span, out PublicKey? key)
            || !key.Verify(SignedBytes(domain, payloadType, message.Payload.Span), message.Signature.Span))
            return false;
        signer = key;
        payload = message.Payload;
        return true;
    }

    private static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out EnvelopeMessage? message)
    {
        try
        {
            message = EnvelopeMessage.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            // Foreign bytes: that they are not an envelope is an answer, not an error.
            message = null;
        }
        return message is not null;
    }

    private static byte[] SignedBytes(string domain, ReadOnlySpan<byte> payloadType, ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<byte> domainBytes = Encoding.UTF8.GetBytes(domain);
        byte[] bytes = new byte[Prefixed(domainBytes) + Prefixed(payloadType) + Prefixed(payload)];
        Span<byte> rest = bytes;
        Append(ref rest, domainBytes);
        Append(ref rest, payloadType);
        Append(ref rest, payload);
        return bytes;
    }

    private static int Prefixed(ReadOnlySpan<byte> part) => Varint.Length((ulong)part.Length) + part.Length;

    private static void Append(ref Span<byte> rest, ReadOnlySpan<byte> part)
    {
        rest = rest[Varint.Write(rest, (ulong)part.Length)..];
        part.CopyTo(rest);
        rest = rest[part.Length..];
    }
}
